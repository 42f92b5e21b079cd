// Package odata says how rows are asked of an OData v4 service, as Dataverse is: it makes a request of package rest out of
// an entity set and the columns that are read.
//
// Only these columns are asked for, so that nothing else leaves the source; a column that the service does not know makes
// it refuse the request. Annotations of a property, such as the label of a choice or of a lookup, are asked for when a
// column bears their name: "_ownerid_value@OData.Community.Display.V1.FormattedValue".
//
// A set is read in full, or [Changed] reads what became of it since it was read; the service says from where on. The service's own next link leads from page to page, and one that leads elsewhere is refused;
// the count that it announces, where the set asks for one, must be that of the rows, and the same on every page. Dataverse counts to
// 5,000 alone: it finds the next page by the last key, so that of a longer set no row moves. Of a set that is tracked there is no count,
// and a key that comes twice is all that tells of rows that moved.
package odata

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"uoma/connectors/rest"
	"uoma/internal/fault"
)

// Set is an entity set and what is asked of it.
type Set struct {
	Name    string   // "contacts"
	Filter  string   // $filter, empty for all
	Columns []string // properties and annotations
	Size    int      // rows a page; 0 leaves it to the service
	Rate    float64  // most requests a second
	Count   bool     // ask how many rows there are, and compare
	Track   bool     // ask from where on changes can be asked for later; the set is then neither filtered nor counted
}

var errSet = fault.New("UOMA-SRC-QUERY", "the feed's request cannot be made",
	"correct odata: of the feed in its layout").For(fault.Source)

// Query gives the request for a set.
func (s Set) Query() (rest.Query, error) {
	properties, annotations, err := s.properties()
	if err != nil {
		return rest.Query{}, err
	}
	if s.Name == "" || strings.ContainsAny(s.Name, "/?#()") {
		return rest.Query{}, errSet.Because(errors.New("an entity set is one name"))
	}
	q := rest.Query{Path: s.Name, Rows: "value", Rate: s.Rate, Parameters: map[string]string{"$select": strings.Join(properties, ",")},
		Headers: map[string]string{"OData-MaxVersion": "4.0", "OData-Version": "4.0"},
		Paging:  rest.Paging{Kind: rest.Next, Next: "@odata.nextLink"}}
	if s.Track {
		if s.Filter != "" || s.Count {
			return rest.Query{}, errSet.Because(errors.New("changes are tracked of a set without filter and count"))
		}
		q.Paging.Changes = "@odata.deltaLink"
	}
	if s.Filter != "" {
		q.Parameters["$filter"] = s.Filter
	}
	if s.Count {
		q.Parameters["$count"] = "true"
		q.Paging.Total, q.Paging.AtLeast = "@odata.count", countLimited
		annotations = append(annotations, strings.TrimPrefix(countLimited, "@"))
	}
	if prefer := s.prefer(annotations); prefer != "" {
		q.Headers["Prefer"] = prefer
	}
	return q, nil
}

// countLimited is how Dataverse says that it counted no further than 5,000.
const countLimited = "@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"

// properties splits the columns into what $select names and the annotations of that.
func (s Set) properties() (properties, annotations []string, err error) {
	for _, c := range s.Columns {
		property, annotation, annotated := strings.Cut(c, "@")
		if strings.ContainsAny(property, "/,$?&= ") {
			return nil, nil, errSet.Because(errors.New("a column is no property: of other entities only the lookup is read"))
		}
		if property != "" && !slices.Contains(properties, property) {
			properties = append(properties, property)
		}
		if annotated && !slices.Contains(annotations, annotation) {
			annotations = append(annotations, annotation)
		}
	}
	if len(properties) == 0 {
		return nil, nil, errSet.Because(errors.New("no property is read"))
	}
	return properties, annotations, nil
}

// prefer says what we would like, which the service may do or not.
func (s Set) prefer(annotations []string) string {
	var out []string
	if s.Track {
		out = append(out, "odata.track-changes")
	}
	if s.Size > 0 {
		out = append(out, "odata.maxpagesize="+strconv.Itoa(s.Size))
	}
	if len(annotations) > 0 {
		out = append(out, `odata.include-annotations="`+strings.Join(annotations, ",")+`"`)
	}
	return strings.Join(out, ",")
}
