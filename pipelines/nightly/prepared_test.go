package nightly_test

import (
	"os"
	"sync"
	"testing"

	"uoma/connectors/database/databasetest"
)

// smallCampus is the people of the campus that tests share. Nothing that they prove depends on its size; half of what a
// night of it takes is not for people.
const smallCampus, sharedNights = 200, 7

// prepared are the sites that tests begin with, made when the first one asks.
var prepared sites

type sites struct {
	mu     sync.Mutex
	dir    string
	fresh  map[databasetest.Kind]*site // nothing loaded
	loaded map[databasetest.Kind]*site // the first night
}

// newSite gives a site over the small campus of which nothing is loaded.
func newSite(t testing.TB, on databasetest.Kind) site {
	t.Helper()
	return prepared.get(t, on, false).copy(t)
}

// loadedSite gives a site over the small campus of which the first night is loaded.
func loadedSite(t testing.TB, on databasetest.Kind) site {
	t.Helper()
	return prepared.get(t, on, true).copy(t)
}

func (p *sites) get(t testing.TB, on databasetest.Kind, loaded bool) site {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir == "" {
		p.fresh, p.loaded = map[databasetest.Kind]*site{}, map[databasetest.Kind]*site{}
		dir, err := os.MkdirTemp("", "sites")
		if err != nil {
			t.Fatal(err)
		}
		p.dir = dir
	}
	if p.fresh[databasetest.OnSQLite] == nil {
		s := generate(t, databasetest.OnSQLite, p.dir, smallCampus, sharedNights)
		p.fresh[s.on] = &s
	}
	if p.fresh[on] == nil {
		s := p.fresh[databasetest.OnSQLite].againIn(t, on, p.folder(t))
		p.fresh[on] = &s
	}
	if !loaded {
		return *p.fresh[on]
	}
	if p.loaded[on] == nil {
		s := p.fresh[on].copyTo(t, p.folder(t))
		s.night(t, firstNight)
		p.loaded[on] = &s
	}
	return *p.loaded[on]
}

// folder makes a folder that stays until the tests have ended.
func (p *sites) folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(p.dir, "site")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func (p *sites) remove() {
	if p.dir != "" {
		os.RemoveAll(p.dir)
	}
}

// onBothStores runs a test over SQLite and over MariaDB, and beside other tests.
func onBothStores(t *testing.T, f func(t *testing.T, on databasetest.Kind)) {
	t.Parallel()
	databasetest.OnBoth(t, f)
}
