package nightly

import (
	"context"
	"encoding/json"

	"uoma/connectors/register"
	"uoma/pipelines"
)

// A night may take several attempts: of one that ended in part, as an export was late or bad, the next attempt begins
// anew, and what the first one loaded stands already. What the night reports is what the night did: the register is
// compared with what it was before the first attempt, and changes in who is who add up. Rows are told apart one by one;
// see [rememberedFeed].

// soFar is what earlier attempts of a night did.
type soFar struct {
	Night  string `parquet:"night"`  // logical date
	Before string `parquet:"before"` // JSON of the register's counts before the first attempt
	People string `parquet:"people"` // JSON of what happened to subjects
}

// changesOfWho counts what happened to subjects.
type changesOfWho struct{ Created, Merged, Split, Vanished int }

func (c *changesOfWho) add(other changesOfWho) {
	c.Created += other.Created
	c.Merged += other.Merged
	c.Split += other.Split
	c.Vanished += other.Vanished
}

// recallSoFar reads what earlier attempts of the run's night did.
func (n *Night) recallSoFar(ctx context.Context, r *pipelines.Run) error {
	rows, err := recallRows[soFar](ctx, n, r, stateSoFar)
	if err != nil || len(rows) == 0 || rows[0].Night != r.Date.String() {
		return err
	}
	if err := json.Unmarshal([]byte(rows[0].Before), &n.countsBefore); err != nil {
		return err
	}
	return json.Unmarshal([]byte(rows[0].People), &n.who)
}

// soFarToRemember gives what the next attempt of the night, if there is one, must know.
func (n *Night) soFarToRemember(r *pipelines.Run) []soFar {
	before, _ := json.Marshal(n.countsBefore) // counts by name always marshal
	people, _ := json.Marshal(n.who)
	return []soFar{{Night: r.Date.String(), Before: string(before), People: string(people)}}
}

// since gives what the register held before the night, of which now is the state before this attempt.
func (n *Night) since(now map[string]register.Count) map[string]register.Count {
	if n.countsBefore == nil {
		n.countsBefore = now
	}
	return n.countsBefore
}
