package workspace

import (
	"context"
	"errors"
	"maps"
	"slices"

	"uoma/connectors/remote"
	"uoma/internal/document"
	"uoma/internal/fault"
	"uoma/transforms/policy"
	"uoma/transforms/target"
)

var (
	errTargetStrange = fault.New("UOMA-CHK-TARGET-STRANGE", "the settings say where a target goes that there is not", "take it out of targets: in uoma.yaml, or write targets/NAME.yaml")
	errTargetUnasked = fault.New("UOMA-CHK-TARGET-UNASKED", "the target goes over a network and was not asked", "uoma check --connect asks it")
	errTargetReady   = fault.New("UOMA-CHK-TARGET-READY", "the target would take what goes there", "nothing to do")
)

// targets asks whether each target that the settings know could be given anything, over the network only when that is allowed.
func (c *checker) targets(ctx context.Context) {
	files, err := TargetFiles(c.dir)
	if err != nil {
		return // a document is broken, which was told
	}
	for _, name := range slices.Sorted(maps.Keys(c.w.Settings.Targets)) {
		i := slices.IndexFunc(files, func(f TargetFile) bool { return f.Target.Name == name })
		if i < 0 {
			c.add(Error, errTargetStrange.At(document.Locate(FileName, c.w.Source, "targets", name)))
			continue
		}
		asked, err := c.target(ctx, files[i].Target)
		var own *fault.Error
		if errors.As(err, &own) && own.Place.Field == "" && c.w.Settings.Targets[name].Folder == "" { // a folder is named itself
			err = own.At(fault.Place{Field: name})
		}
		c.add(Error, err)
		switch {
		case err != nil:
		case asked:
			c.add(Note, errTargetReady.At(fault.Place{Field: name}))
		case c.w.Settings.Targets[name].URL != "":
			c.add(Note, errTargetUnasked.At(fault.Place{Field: name}))
		}
	}
}

// events finds targets of the pack in force whose runs would be refused for the event that they name, or do not.
func (c *checker) events(pack *policy.Pack) {
	files, err := TargetFiles(c.dir)
	if err != nil {
		return // as in [checker.targets]
	}
	for _, f := range files {
		if f.Target.Policy == pack.ID {
			c.add(Error, EventOf(pack, f.Target))
		}
	}
}

// target opens where one target goes, and asks it. Nothing is written.
func (c *checker) target(ctx context.Context, t *target.Target) (asked bool, err error) {
	s, patience := c.w.Settings.Targets[t.Name], remote.Retry{Attempts: checkAttempts}
	switch {
	case t.InTable():
		service, err := c.w.TargetService(ctx, t.Name, patience)
		if err != nil || !c.o.Connect {
			return false, err
		}
		defer service.Close() // idle connections only
		return true, service.Ask(ctx, Table(t))
	case s.URL == "" && s.Folder == "": // a run makes the folder
		return false, nil
	}
	place, err := c.w.TargetPlace(ctx, t.Name, patience)
	if err != nil {
		return false, err
	}
	defer place.Close() // nothing was written
	if s.URL != "" && !c.o.Connect {
		return false, nil
	}
	return true, place.Ask()
}
