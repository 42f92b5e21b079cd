// Package rest reads the rows of an HTTPS service that gives them in pages of JSON, or in one document of XML.
//
// An [API] is a service: its address, how it knows us, how fast and how patiently it is asked. A [Query] is one kind of rows
// there, described by the layout: the path, the parameters, where a page holds its rows and how pages follow each other.
// [API.Pages] gives all pages behind each other to whoever reads their rows.
//
// What it promises:
//   - A page is used when all of it is here: its rows are given once or not at all. There is no way to resume one.
//   - The source itself ends the rows. A page that is empty, short or fails, a cursor that is missing where there is more,
//     and a total that is missing, was not reached or changed between pages are failures; so is a cursor that was there before.
//   - Whatever a page links to is asked at the address of the settings alone: scheme, host and port stay.
//   - The server's limits are kept: the rate of the layout, and the pause that an answer asks for.
//   - Nothing of an answer that is no page is shown: it may hold anything.
//
// The package knows no system and the meaning of no value.
package rest
