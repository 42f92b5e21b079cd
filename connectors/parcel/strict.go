package parcel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The one JSON reader of the protocol. encoding/json alone would take the last of two equal keys, match names without
// regard to case, replace what is not UTF-8 and round large numbers, so that two programs could read one signed file in
// two ways. Here each of these is an error, in known and in unknown fields alike.

// Limits of a document beside its size.
const (
	maxDepth  = 16      // objects and lists inside each other; the protocol's own documents need 4
	maxNumber = 1 << 53 // exclusive: above it a float64 reader loses digits
)

// strictDecode reads one JSON object into a struct. A field without omitempty must be there and, unless it is a [Link],
// must not be null. Unknown fields are read as strictly and then ignored.
func strictDecode(b []byte, limit int, out any) error {
	if len(b) > limit {
		return fmt.Errorf("it is larger than %d bytes", limit)
	}
	tree, err := strictTree(b)
	if err != nil {
		return err
	}
	object, ok := tree.(map[string]any)
	if !ok {
		return errors.New("it is not one JSON object")
	}
	pruned, err := prune(object, reflect.TypeOf(out).Elem(), "")
	if err != nil {
		return err
	}
	known, err := json.Marshal(pruned)
	if err != nil {
		return errors.New("it cannot be read")
	}
	if err := json.Unmarshal(known, out); err != nil {
		return decodeError(err)
	}
	return nil
}

// decodeError keeps the field and drops the value, which encoding/json would quote.
func decodeError(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return fmt.Errorf("%s has the wrong type", wrong.Field)
	}
	return errors.New("a field cannot be read, perhaps a date or a time")
}

// strictTree reads any JSON value with nothing behind it.
func strictTree(b []byte) (any, error) {
	switch {
	case !utf8.Valid(b):
		return nil, errors.New("it is not valid UTF-8")
	case !json.Valid(b):
		return nil, errors.New("it is not one valid JSON value")
	case halfSurrogate(b):
		return nil, errors.New("it holds half of a surrogate pair")
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	return readValue(dec, 0)
}

// readValue reads the next value of a document that is already known to be valid JSON.
func readValue(dec *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("it is nested too deeply")
	}
	token, err := dec.Token()
	if err != nil {
		return nil, errors.New("it is not one valid JSON value")
	}
	switch t := token.(type) {
	case json.Number:
		return t, checkNumber(t.String())
	case json.Delim:
		if t == '{' {
			return readObject(dec, depth)
		}
		return readList(dec, depth)
	}
	return token, nil
}

func readObject(dec *json.Decoder, depth int) (any, error) {
	object := map[string]any{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, errors.New("it is not one valid JSON value")
		}
		key, _ := token.(string)
		if _, twice := object[key]; twice {
			return nil, errors.New("a key stands twice")
		}
		if object[key], err = readValue(dec, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return object, err
}

func readList(dec *json.Decoder, depth int) (any, error) {
	list := []any{}
	for dec.More() {
		v, err := readValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := dec.Token()
	return list, err
}

// checkNumber takes whole numbers from 0 below 2^53 in their shortest form: 1.0, 1e3 and -0 are read differently by
// different programs.
func checkNumber(s string) error {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n >= maxNumber {
		return errors.New("a number is not a whole number from 0 below 2^53")
	}
	return nil
}

// halfSurrogate finds an escape \ud800 to \udfff that is not part of a pair. The bytes are valid JSON, so that a
// backslash begins an escape.
func halfSurrogate(b []byte) bool {
	for i := 0; i+1 < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		i++ // at the escape's letter
		high := unit(b, i)
		if high < 0xd800 || high > 0xdfff {
			continue
		}
		low := rune(-1)
		if i+5 < len(b) && b[i+5] == '\\' {
			low = unit(b, i+6)
		}
		if high > 0xdbff || low < 0xdc00 || low > 0xdfff {
			return true
		}
		i += 6 // at the second escape's letter
	}
	return false
}

// unit gives the UTF-16 unit of the escape whose letter stands at i, or -1 when it is another escape.
func unit(b []byte, i int) rune {
	if i+4 >= len(b) || b[i] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(b[i+1:i+5]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

var linkType = reflect.TypeFor[Link]()

// prune gives the fields of an object that a struct names, by exact name, and refuses missing ones.
func prune(object map[string]any, t reflect.Type, path string) (map[string]any, error) {
	out := map[string]any{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, optional := fieldName(f)
		if name == "" {
			continue
		}
		v, there := object[name]
		if v == nil && (optional || there && f.Type == linkType) {
			continue
		}
		if v == nil {
			return nil, fmt.Errorf("%s%s is missing", path, name)
		}
		if f.Type == linkType && v == "" {
			return nil, fmt.Errorf("%s%s is empty instead of null", path, name)
		}
		kept, err := pruneValue(v, f.Type, path+name)
		if err != nil {
			return nil, err
		}
		out[name] = kept
	}
	return out, nil
}

func pruneValue(v any, t reflect.Type, path string) (any, error) {
	if object, ok := v.(map[string]any); ok && t.Kind() == reflect.Struct {
		return prune(object, t, path+".")
	}
	if object, ok := v.(map[string]any); ok {
		for _, item := range object {
			if item == nil {
				return nil, fmt.Errorf("%s holds null", path)
			}
		}
	}
	list, ok := v.([]any)
	if !ok || t.Kind() != reflect.Slice {
		return v, nil
	}
	out := make([]any, len(list))
	for i, item := range list {
		if item == nil {
			return nil, fmt.Errorf("%s holds null", path)
		}
		kept, err := pruneValue(item, t.Elem(), path)
		if err != nil {
			return nil, err
		}
		out[i] = kept
	}
	return out, nil
}

// fieldName gives a struct field's JSON name, "" when it has none.
func fieldName(f reflect.StructField) (name string, optional bool) {
	name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, rest == "omitempty"
}

// checkCritical refuses a document that says: know this field, or refuse me. Names are those of fields, nested ones with
// dots, as "container.type".
func checkCritical(critical []string, document any) error {
	known := fieldNames(reflect.TypeOf(document).Elem(), "")
	for _, name := range critical {
		if !slices.Contains(known, name) {
			return errors.New("critical names a field that this version does not know")
		}
	}
	return nil
}

func fieldNames(t reflect.Type, prefix string) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _ := fieldName(f)
		if name == "" {
			continue
		}
		out = append(out, prefix+name)
		inner := f.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			out = append(out, fieldNames(inner, prefix+name+".")...)
		}
	}
	return out
}
