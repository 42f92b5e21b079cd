package rest

import (
	"errors"
	"fmt"

	"uoma/internal/fault"
)

var (
	errQuery = fault.New("UOMA-SRC-QUERY", "the feed's request cannot be made",
		"correct rest: of the feed in its layout").For(fault.Source)
	errResource = fault.New("UOMA-SRC-RESOURCE", "the server knows nothing under the path of the feed",
		"compare the address in uoma.yaml and the path in the layout with the service's own pages").For(fault.Source)
	errRefused = fault.New("UOMA-SRC-REFUSED", "the server refuses the request as the layout makes it",
		"compare path, parameters and columns of the layout with the service's own pages: it may have lost a column").For(fault.Source)
	errGone = fault.New("UOMA-SRC-GONE", "the server gave up the list before its end was read",
		"run the same date again: the list is read from its beginning").For(fault.Source)
	errType = fault.New("UOMA-SRC-CONTENT-TYPE", "the server's answer is not of the kind that was asked for",
		"compare the address with the service's own pages: what answers may be a page for people").For(fault.Source)
	errPage = fault.New("UOMA-SRC-PAGE", "the server's answer is not a page as the layout describes it",
		"compare rows: and paging: of the layout with an answer of the service").For(fault.Source)
	errLink = fault.New("UOMA-SRC-LINK", "the page links to another scheme, host or port, which is never followed",
		"ask the service's owner; if it moved, change the url in uoma.yaml").For(fault.Source)
	errEndless = fault.New("UOMA-SRC-ENDLESS", "the list does not end",
		"compare paging: of the layout with the service's own pages: it may know the parameter under another name").For(fault.Source)
	errTotal = fault.New("UOMA-SRC-TOTAL", "the rows that came are not as many as the server announced; nothing of them was used",
		"run the same date again, at an hour in which the system is left alone").For(fault.Source)
	// ErrShifted is told when the number of rows changed between the pages of a list, so that a row may have gone from a page that was
	// not read yet onto one that was. Whoever has not used the rows may read them again from the beginning.
	ErrShifted = fault.New("UOMA-SRC-SHIFTED", "the number of rows changed while the list was read, so that one may be missing; nothing of it was used",
		"run the same date again, at an hour in which the system is left alone").For(fault.Source)
	errLarge = fault.New("UOMA-SRC-LARGE", "the server's answer is larger than a page may be",
		"ask for fewer rows a page in the layout").For(fault.Source)
)

// because names the page, whose number is no secret.
func because(e *fault.Error, page int, why string) error {
	return e.Because(fmt.Errorf("page %d: %w", page, errors.New(why)))
}
