// Package schedules says when pipelines run: a [Schedule] is a YAML file with a cron expression, a time zone and the
// rules for missed and overlapping runs; [Load] gives those of a workspace, [Shipped] those that come with the program.
//
// What a schedule means is pure and takes the time as an argument: [Schedule.Next] and [Schedule.Between] give fire
// times, [Schedule.Plan] the logical dates that are due, given those that the ledger knows as finished. A [Server]
// waits and runs what is due; [Schedule.Systemd] writes units for those who let systemd wait instead, and [Schedule.Due]
// tells the program that they start which dates to run. Whatever waits, the ledger alone decides what has run.
//
// The package knows no stage, no source and no store: it sees runs through [History] and starts them through [Runner].
package schedules

import (
	"embed"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a static binary must know the zones on a machine that has no zone files

	"github.com/netresearch/go-cron"

	"uoma/internal/document"
	"uoma/internal/fault"
	"uoma/pipelines"
)

// Folder is where a workspace keeps schedules of its own.
const Folder = "schedules"

//go:embed schedule.schema.json
var schemaSource []byte

//go:embed *.yaml
var shipped embed.FS

// Schema gives the published JSON Schema of a schedule file.
func Schema() []byte { return slices.Clone(schemaSource) }

// Overlap says what becomes of a fire time that comes while the pipeline is at work.
type Overlap string

const (
	Skip  Overlap = "skip"  // it is passed over; the next fire time's catch-up may include its date
	Queue Overlap = "queue" // it runs as soon as the pipeline is free
)

// CatchUp says what becomes of fire times that nobody was there to see.
type CatchUp string

const (
	None CatchUp = "none" // they are forgotten
	Last CatchUp = "last" // the last one is made up for
	All  CatchUp = "all"  // each one since the last finished date is made up for, in order
)

// LogicalDate says which day a run is for.
type LogicalDate string

const (
	Today     LogicalDate = "today"     // the calendar day of the fire time, in the schedule's zone
	Yesterday LogicalDate = "yesterday" // the day before it
)

// Schedule is a schedule file, with defaults filled in.
type Schedule struct {
	Name        string      `yaml:"schedule" json:"schedule"`
	Title       string      `yaml:"title" json:"title"`
	Pipeline    string      `yaml:"pipeline" json:"pipeline"`
	Cron        string      `yaml:"cron" json:"cron"`
	Zone        string      `yaml:"zone" json:"zone"`
	LogicalDate LogicalDate `yaml:"logical_date" json:"logical_date"`
	Overlap     Overlap     `yaml:"overlap" json:"overlap"`
	CatchUp     CatchUp     `yaml:"catch_up" json:"catch_up"`
	CatchUpDays int         `yaml:"catch_up_days" json:"catch_up_days"`
	Enabled     bool        `yaml:"enabled" json:"enabled"`

	// File is where the schedule was read from: "shipped/nightly.yaml", or a path inside the workspace.
	File string `yaml:"-" json:"file"`

	days     *cron.SpecSchedule // evaluated on the wall clock; see cron.go
	location *time.Location
}

var (
	errCron     = fault.New("UOMA-CFG-CRON", "the cron expression cannot be read", "write minute, hour, day of month, month and day of week, such as 15 2 * * *")
	errNever    = fault.New("UOMA-CFG-CRON-NEVER", "the cron expression names a day that never comes", "correct the day or the month")
	errZone     = fault.New("UOMA-CFG-ZONE", "the time zone is unknown", "use a name of the IANA time-zone database, such as Europe/Helsinki")
	errName     = fault.New("UOMA-CFG-SCHEDULE", "the schedule's name is not that of its file", "give both the same name")
	errEnding   = fault.New("UOMA-CFG-SCHEDULE", "a schedule's file ends in .yaml", "rename the file, or it will never run")
	errPipeline = fault.New("UOMA-CFG-SCHEDULE", "the schedule names a pipeline that does not exist", "name a shipped pipeline or target, or one in pipelines/ or targets/")
	errFolder   = fault.New("UOMA-CFG-SCHEDULE", "the folder of schedules cannot be read", "make it readable for the user that runs uoma")
	errUnknown  = fault.New("UOMA-CFG-SCHEDULE", "there is no such schedule", "see uoma schedule list")
)

var schema = sync.OnceValue(func() *document.Schema { return document.CompileSchema("schedule.schema.json", schemaSource) })

// Parse reads a schedule file. The error is a [fault.List] with every finding.
func Parse(file string, src []byte) (*Schedule, error) {
	s := &Schedule{
		Zone: "Europe/Helsinki", LogicalDate: Today, Overlap: Queue, CatchUp: Last, CatchUpDays: 7, Enabled: true, File: file,
	}
	if err := document.Decode(file, src, schema(), s); err != nil {
		return nil, err
	}
	var findings fault.List
	var err error
	if s.location, err = time.LoadLocation(s.Zone); err != nil {
		findings = append(findings, errZone.At(document.Locate(file, src, "zone")))
	}
	if s.days, err = parseCron(s.Cron); err != nil {
		e := errCron.Because(err)
		if errors.Is(err, errNever) {
			e = errNever
		}
		findings = append(findings, e.At(document.Locate(file, src, "cron")))
	}
	if s.Name != strings.TrimSuffix(path.Base(file), ".yaml") {
		findings = append(findings, errName.At(document.Locate(file, src, "schedule")))
	}
	if err := findings.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// Shipped gives the schedules that come with the program, by name in order.
func Shipped() ([]*Schedule, error) {
	names, err := fs.Glob(shipped, "*.yaml")
	if err != nil {
		return nil, err
	}
	var out []*Schedule
	for _, n := range names {
		src, err := shipped.ReadFile(n)
		if err != nil {
			return nil, err
		}
		s, err := Parse("shipped/"+n, src)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// Load gives the schedules of a workspace, by name in order: the shipped ones, each replaced by the file of that name
// in the folder schedules, and those that only the folder has. The error is a [fault.List] with every finding of every
// file.
func Load(workspace fs.FS) ([]*Schedule, error) {
	all, err := Shipped()
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(workspace, Folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.List{errFolder.At(fault.Place{File: Folder})}
	}
	known := sync.OnceValues(pipelines.Shipped) // asked for the workspace's own alone
	var findings fault.List
	for _, e := range entries {
		if ending := path.Ext(e.Name()); e.IsDir() || ending != ".yaml" && ending != ".yml" {
			continue
		}
		s, err := loadFile(workspace, path.Join(Folder, e.Name()), known)
		var list fault.List
		if errors.As(err, &list) {
			findings = append(findings, list...)
			continue
		}
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(old *Schedule) bool { return old.Name == s.Name })
		all = append(all, s)
	}
	if err := findings.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b *Schedule) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// loadFile reads a schedule of one of the known pipelines, or of the workspace's own.
func loadFile(workspace fs.FS, file string, known func() (map[string]*pipelines.Definition, error)) (*Schedule, error) {
	if path.Ext(file) != ".yaml" {
		return nil, fault.List{errEnding.At(fault.Place{File: file})}
	}
	src, err := fs.ReadFile(workspace, file)
	if err != nil {
		return nil, fault.List{errFolder.At(fault.Place{File: file})}
	}
	s, err := Parse(file, src)
	if err != nil {
		return nil, err
	}
	shipped, err := known()
	if err != nil {
		return nil, err
	}
	if _, ok := shipped[s.Pipeline]; ok {
		return s, nil
	}
	for _, folder := range []string{"pipelines", "targets"} {
		if _, err := fs.Stat(workspace, path.Join(folder, s.Pipeline+".yaml")); err == nil {
			return s, nil
		}
	}
	return nil, fault.List{errPipeline.At(document.Locate(file, src, "pipeline"))}
}

// Find gives the schedule of a name.
func Find(all []*Schedule, name string) (*Schedule, error) {
	for _, s := range all {
		if s.Name == name {
			return s, nil
		}
	}
	return nil, errUnknown.At(fault.Place{Field: name})
}
