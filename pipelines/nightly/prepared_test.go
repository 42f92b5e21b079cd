package nightly_test

import (
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/pipelines/workspace/workspacetest"
)

// smallCampus is the people of the campus that tests share. Nothing that they prove depends on its size; half of what a
// night of it takes is not for people.
const smallCampus, sharedNights = 200, 7

// prepared are the sites that tests begin with.
var prepared workspacetest.Prepared[state]

// state is what was done on a prepared site.
type state struct {
	on     databasetest.Kind
	loaded bool // the first night
}

// newSite gives a site over the small campus of which nothing is loaded.
func newSite(t testing.TB, on databasetest.Kind) site {
	t.Helper()
	return preparedSite(t, state{on: on}).copy(t)
}

// loadedSite gives a site over the small campus of which the first night is loaded.
func loadedSite(t testing.TB, on databasetest.Kind) site {
	t.Helper()
	return preparedSite(t, state{on: on, loaded: true}).copy(t)
}

func preparedSite(t testing.TB, as state) site {
	t.Helper()
	return siteIn(prepared.Folder(t, as, func(dir string) {
		switch {
		case as.loaded:
			preparedSite(t, state{on: as.on}).copyTo(t, dir).night(t, firstNight)
		case as.on == databasetest.OnSQLite:
			generate(t, as.on, dir, smallCampus, sharedNights)
		default:
			preparedSite(t, state{on: databasetest.OnSQLite}).againIn(t, as.on, dir)
		}
	}), as.on)
}

// onBothStores runs a test over SQLite and over MariaDB, and beside other tests.
func onBothStores(t *testing.T, f func(t *testing.T, on databasetest.Kind)) {
	t.Parallel()
	databasetest.OnBoth(t, f)
}
