package directory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
)

// DCAT reads a catalogue of W3C DCAT as JSON-LD: an object whose dcat:dataset,
// or whose @graph, has the data sets, of at most 256 MiB. Names stand with the
// prefixes dcat, dct or dcterms and foaf, as nearly all catalogues spell them,
// or without; nothing is fetched to interpret others. Of a text in several
// languages the Chinese one is taken, or else the first. The credit code of the
// holder is the identifier of the publisher, which stands with its data set or is
// a node of the @graph that the data set names.
func DCAT(r io.Reader) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		b, err := readAll(r)
		var catalogue node
		if err == nil {
			err = json.Unmarshal(b, &catalogue)
		}
		datasets := catalogue.nodes("dataset")
		named := make(map[string]node)
		for _, n := range catalogue.nodes("@graph") {
			if id, ok := n["@id"].(string); ok {
				named[id] = n
			}
			if slices.ContainsFunc(values(n["@type"]), func(t string) bool { return strings.HasSuffix(t, "Dataset") }) {
				datasets = append(datasets, n)
			}
			datasets = append(datasets, n.nodes("dataset")...)
		}
		if err == nil && len(datasets) == 0 {
			err = errors.New("no data sets: want dcat:dataset or @graph")
		}
		if err != nil {
			yield(Row{}, fmt.Errorf("directory: DCAT: %w", err))
			return
		}
		for _, n := range datasets {
			if len(n) == 1 && n["@id"] != nil {
				continue // a reference to another node of the graph
			}
			row := Row{Number: n.text("identifier"), Title: n.text("title"), Summary: n.text("description"), Keywords: values(n.get("keyword"))}
			for _, publisher := range n.nodes("publisher") {
				if id, ok := publisher["@id"].(string); ok && len(publisher) == 1 {
					publisher = named[id]
				}
				row.Office, row.Holder = publisher.text("name"), publisher.text("identifier")
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// A node is an object of JSON-LD.
type node map[string]any

// get returns the property of a name with or without one of the usual prefixes.
func (n node) get(name string) any {
	for _, prefix := range []string{"", "dcat:", "dct:", "dcterms:", "foaf:"} {
		if v, ok := n[prefix+name]; ok {
			return v
		}
	}
	return nil
}

// nodes returns the objects of a property that has one or several.
func (n node) nodes(name string) (out []node) {
	v := n.get(name)
	many, ok := v.([]any)
	if !ok {
		many = []any{v}
	}
	for _, x := range many {
		if m, ok := x.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// text returns the text of a property, the Chinese one if it has several.
func (n node) text(name string) string {
	v := n.get(name)
	if many, ok := v.([]any); ok {
		for _, x := range many {
			if m, ok := x.(map[string]any); ok && strings.HasPrefix(fmt.Sprint(m["@language"]), "zh") {
				v = x
			}
		}
	}
	if all := values(v); len(all) > 0 {
		return all[0]
	}
	return ""
}

// values returns the texts of a value: a string, an object with @value, or
// several of them.
func values(v any) (out []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case map[string]any:
		return values(v["@value"])
	case []any:
		for _, x := range v {
			out = append(out, values(x)...)
		}
	}
	return out
}
