package main

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/connectors/remote"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
	"uoma/transforms/access"
)

// need is the permission that a command asks for. A flag that shows or does more asks for its own instead.
type need struct {
	permission access.Permission
	flags      map[string]access.Permission
}

// open is the need of a command that touches no workspace, or changes nothing and shows nothing of anybody.
const open access.Permission = ""

// values is the flag under which a command shows what people are called.
var values = map[string]access.Permission{"show-values": "values.see"}

// needs gives the permission of every command. What is not here is refused.
func needs() map[string]need {
	of := func(p access.Permission) need { return need{permission: p} }
	return map[string]need{
		"uoma": of(open), "uoma version": of(open), "uoma completion": of(open), "uoma help": of(open),
		"uoma init": of(open), "uoma check": of(open), "uoma generate": of(open), "uoma feedback": of(open),
		"uoma layout": of(open), "uoma layout list": of(open), "uoma layout show": of(open), "uoma layout check": of(open),
		"uoma layout template": of(open), "uoma layout try": {open, values}, "uoma layout suggest": of(open), "uoma layout diff": of(open),
		"uoma policy": of(open), "uoma policy list": of(open), "uoma policy show": of(open), "uoma policy check": of(open),
		"uoma policy diff": of(open), "uoma policy sign": of(open), "uoma policy coverage": of(open),
		"uoma policy changes": of("workspace.see"), "uoma policy announced": of("notice.announce"),
		"uoma resolve": {open, map[string]access.Permission{"golden": "values.see"}}, "uoma resolve explain": {open, values}, "uoma resolve model": of(open), "uoma resolve model diff": of(open),
		"uoma operator": of(open), "uoma operator list": of(open), "uoma operator roles": of(open), "uoma operator whoami": of(open),
		"uoma operator allow": of(open), "uoma operator allow retention": of(access.ApproveRetention), "uoma operator allow disclosure": of(access.ApproveDisclosure),

		"uoma backup": of(open), "uoma backup create": of("key.use"), "uoma backup verify": of("key.use"), "uoma backup restore": of("key.use"),
		"uoma target": of(open), "uoma target list": of("workspace.see"), "uoma target show": of("workspace.see"), "uoma target check": of(open),
		"uoma audit grants": of("workspace.see"),

		"uoma run":      {"pipeline.run", map[string]access.Permission{"scheduled": access.Scheduled}},
		"uoma backfill": of("pipeline.run"),
		"uoma evaluate": of("workspace.see"),
		"uoma record":   of("workspace.see"),
		"uoma runs":     of("workspace.see"), "uoma runs list": of("workspace.see"), "uoma runs show": of("workspace.see"),
		"uoma schedule": of(open), "uoma schedule list": of("workspace.see"), "uoma schedule next": of("workspace.see"),
		"uoma schedule export": of(open), "uoma schedule export systemd": of("workspace.see"),
		"uoma schedule run": of(access.Scheduled), "uoma schedule serve": of(access.Scheduled),

		"uoma quarantine": of("workspace.see"), "uoma quarantine list": of("workspace.see"), "uoma quarantine show": {"workspace.see", values},
		"uoma review": of("review.decide"), "uoma review list": of("review.decide"), "uoma review show": {"review.decide", values},
		"uoma review decide": of("review.decide"), "uoma review export": of("review.decide"), "uoma review import": of("review.decide"),
		"uoma review stats": of("review.decide"), "uoma review log": of("review.decide"),

		"uoma delivery": of("workspace.see"), "uoma delivery list": of("workspace.see"), "uoma delivery show": of("workspace.see"),
		"uoma delivery reconcile": of(access.Send), "uoma delivery withdraw": of(access.Send),

		"uoma subject": of(open), "uoma subject find": {"subject.find", values},
		"uoma subject export": of("subject.see"), "uoma explain": of("subject.see"), "uoma subject words": of("subject.see"),
		"uoma subject consent": of("subject.answer"), "uoma subject object": of("subject.answer"), "uoma subject restrict": of("subject.answer"),
		"uoma subject hold": of("subject.answer"), "uoma subject rectify": of("subject.answer"), "uoma subject disclose": of("subject.answer"),
		"uoma subject request": of("subject.answer"), "uoma subject request open": of("subject.answer"), "uoma subject request list": of("subject.answer"),
		"uoma subject request show": of("subject.answer"), "uoma subject request extend": of("subject.answer"), "uoma subject request close": of("subject.answer"),
		"uoma erase": of("subject.erase"), "uoma subject erase": of("subject.erase"),
		"uoma retention": of("workspace.see"), "uoma retention plan": of("workspace.see"),
		"uoma retention apply": of("retention.apply"), "uoma retention review": of("retention.apply"),
		"uoma breach": of("workspace.see"), "uoma breach list": of("workspace.see"), "uoma breach note": of("breach.note"), "uoma breach told": of("breach.note"),
		"uoma audit": of("audit.see"), "uoma audit list": of("audit.see"), "uoma audit verify": of("audit.see"),
		"uoma key": of("workspace.see"), "uoma key list": of("workspace.see"), "uoma key rotate": of("key.use"), "uoma key escrow": of("key.use"),
		"uoma key drill": of("key.use"), "uoma key recover": of("key.use"),
		"uoma reveal": of(open), "uoma reveal list": of("workspace.see"),
		"uoma reveal request": {access.Reveal, map[string]access.Permission{"recording": access.AskRecording}},
		"uoma reveal show":    {access.Reveal, map[string]access.Permission{"recording": access.AskRecording}},
		"uoma reveal approve": {access.ApproveReveal, map[string]access.Permission{"recording": access.ApproveRecording}},
	}
}

// unattended gives what commands need of an account of no person, in place of what they need of people.
func unattended() map[string]access.Permission {
	return map[string]access.Permission{"uoma retention apply": access.ScheduledRetention, "uoma backup create": access.ScheduledBackup}
}

// flagged tells whether a flag was given and says yes.
func flagged(c *cobra.Command, flag string) bool {
	f := c.Flags().Lookup(flag)
	return f != nil && f.Changed && f.Value.String() != "" && f.Value.String() != "false"
}

var (
	errNoNeed = fault.New("UOMA-ACC-COMMAND", "nobody said which permission the command needs", "this is a mistake of the program: report the command")
	errBy     = fault.New("UOMA-ACC-BY", "with operators named, nobody acts in another's name", "leave --by out, or let the person do it under their own account")
	errAlone  = fault.New("UOMA-ACC-ALONE", "nobody else has allowed this", "let the person whom --approved-by names allow it under their own account: uoma operator allow --help")
)

// authorize is what every command goes through: it binds connections to the workspace's networks, and where operators are
// named, refuses what the one at the keyboard may not do. A refusal stands in the audit log.
func (a *app) authorize(c *cobra.Command, _ []string) error {
	n, known := needs()[c.CommandPath()]
	if c.Name() == cobra.ShellCompRequestCmd || c.Name() == cobra.ShellCompNoDescRequestCmd {
		n, known = need{}, true // it completes commands that ask for themselves
	}
	if !known {
		return errNoNeed
	}
	permission := n.permission
	for flag, p := range n.flags {
		if flagged(c, flag) {
			permission = p
		}
	}
	may, err := workspace.ReadAccess(a.workspace)
	if networks, bound := may.Reach(); bound {
		c.SetContext(remote.Within(c.Context(), networks))
	}
	switch {
	case permission == open:
		return nil
	case err != nil:
		return err
	case may.Operators == nil:
		return nil
	}
	return a.decide(c, &may, permission)
}

func (a *app) decide(c *cobra.Command, may *workspace.Access, p access.Permission) error {
	day := canon.DateOf(a.now().In(may.Location))
	x := may.Operators.Find(a.person())
	if q, alone := unattended()[c.CommandPath()]; alone && x != nil && x.Service && !flagged(c, "approved-by") { // what needs two people is no machine's
		p = q
	}
	err := may.Operators.Decide(a.account(), p, day)
	if by := c.Flags().Lookup("by"); err == nil && by != nil && by.Changed && by.Value.String() != a.person() {
		err = errBy
	}
	if err == nil {
		return nil
	}
	return errors.Join(err, a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error { return a.noteRefusal(c.Context(), ws, p, err) }))
}

// sudoName is the form of a name in SUDO_USER that may stand in the audit log.
var sudoName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,32}$`)

// noteRefusal writes a refusal into the audit log. Who came through sudo is noted as the environment says, and counts for
// nothing.
func (a *app) noteRefusal(ctx context.Context, ws *workspace.Workspace, p access.Permission, why error) error {
	reason := string(p) + ":" + fault.Code(why)
	if name := os.Getenv("SUDO_USER"); sudoName.MatchString(name) {
		reason += ":sudo:" + name
	}
	return ws.Note(ctx, ledger.Entry{At: a.now().UnixMicro(), Actor: a.person(), Verb: ledger.AccessRefused, Reason: reason})
}

// byHand tells whether a person starts a run. Where operators are named the account tells it, whatever a flag says.
func (a *app) byHand(ws *workspace.Workspace, mode pipelines.Mode) bool {
	if ws.Operators == nil {
		return mode == pipelines.Manual
	}
	x := ws.Operators.Find(a.person())
	return x == nil || !x.Service
}

// sends tells whether a pipeline sends anything to anybody.
func sends(def *pipelines.Definition) bool {
	return def.Survey != nil || def.Target != "" || slices.Contains(def.Stages, survey.WithdrawName)
}

// recipientOf gives the recipient of a pipeline that sends, where it is a single one of the pack.
func recipientOf(ws *workspace.Workspace, def *pipelines.Definition) (string, error) {
	switch {
	case def.Survey != nil:
		return def.Survey.Recipient, nil
	case def.Target != "":
		t, err := ws.Target(def.Target)
		if err != nil {
			return "", err
		}
		return t.Recipient, nil
	}
	return "", nil
}

// mayDeliver asks, of a pipeline that sends, for the permission of a person who starts it, and for the commitment of a
// recipient that is a processor. A withdrawal is told to all.
func (a *app) mayDeliver(ctx context.Context, ws *workspace.Workspace, def *pipelines.Definition, byHand bool, day canon.Date) error {
	if ws.Operators == nil || !sends(def) {
		return nil
	}
	recipient, err := recipientOf(ws, def)
	if err != nil {
		return err
	}
	if byHand {
		today := a.today(ws)
		if err := ws.Operators.Decide(a.account(), access.Send, today); err != nil {
			return errors.Join(err, a.noteRefusal(ctx, ws, access.Send, err))
		}
	}
	pack, err := ws.Policy(day)
	if err != nil {
		return err
	}
	return ws.Bound(pack, recipient, day)
}

// allow writes down that the one at the keyboard allows an act of another.
func (a *app) allow(ctx context.Context, ws *workspace.Workspace, act, subject, reference string) error {
	return ws.Note(ctx, ledger.Entry{At: a.now().UnixMicro(), Actor: a.person(), Verb: ledger.ActApproved, Subject: subject, Reason: act + ":" + reference})
}

// second refuses, where operators are named, a second person who is the first, or who may not.
func (a *app) second(ws *workspace.Workspace, by string, p access.Permission) error {
	if ws.Operators != nil && (by == a.person() || !ws.Approves(by, p, a.now())) {
		return errAlone
	}
	return nil
}

// allowed proves, where operators are named, that the person who is named as the second one allowed an act, under an
// account of their own, and may. Nobody is asked for when nobody is named.
func (a *app) allowed(ctx context.Context, ws *workspace.Workspace, by, act, subject, reference string, p access.Permission) error {
	if ws.Operators == nil || by == "" {
		return nil
	}
	if err := a.second(ws, by, p); err != nil {
		return err
	}
	said, err := ws.Allowed(ctx, ws.RegisterDB, by, subject, act+":"+reference, a.now())
	if err == nil && said == 0 {
		err = errAlone
	}
	return err
}
