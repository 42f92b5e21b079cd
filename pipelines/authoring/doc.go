// Package authoring answers the author of a layout before a night does: [Try] reads an export by a layout and shows its
// first rows as canonical fields, with every problem's line and column; [Suggest] drafts a layout of an export that none
// describes; [Compare] tells how an export's columns differ from the layout's, or from what they were on an earlier night.
//
// Nothing is stored, and no workspace is needed but for earlier nights. What is given back holds names of columns, codes
// and counts; a value is in it only where Try was asked for values.
//
// The package reads exports as package nightly does, and knows no system.
package authoring
