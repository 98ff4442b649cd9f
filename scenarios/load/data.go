package load

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// maxData is how long a data file may be, in bytes: it is held in memory.
const maxData = 64 << 20

// Data are the rows that placeholders take values from, one row a request,
// over and over.
type Data struct {
	Columns []string
	rows    [][]any
}

// readData reads a CSV file with a header, or a JSON Lines file of objects, by
// the ending of its name.
func readData(files fs.FS, file string) (*Data, error) {
	text, err := readFile(files, file, maxData)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var d *Data
	switch ext := strings.ToLower(path.Ext(file)); ext {
	case ".csv":
		d, err = readCSV(text)
	case ".jsonl", ".ndjson":
		d, err = readJSONL(text)
	default:
		return nil, fmt.Errorf("%s ends in %q, want .csv or .jsonl", file, ext)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(d.rows) == 0 {
		return nil, fmt.Errorf("%s has no rows", file)
	}
	return d, nil
}

func readCSV(text []byte) (*Data, error) {
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err // which names the line
	}
	if len(records) == 0 {
		return &Data{}, nil
	}
	d := &Data{Columns: records[0]}
	for _, record := range records[1:] {
		row := make([]any, len(record))
		for i, s := range record {
			row[i] = s
		}
		d.rows = append(d.rows, row)
	}
	return d, nil
}

// readJSONL takes its columns from the first line; each line must have them.
func readJSONL(text []byte) (*Data, error) {
	d := &Data{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxData)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal(lines.Bytes(), &object); err != nil || object == nil {
			return nil, fmt.Errorf("line %d is no JSON object", n)
		}
		if d.Columns == nil {
			d.Columns = slices.Sorted(maps.Keys(object))
		}
		row := make([]any, len(d.Columns))
		for i, c := range d.Columns {
			raw, ok := object[c]
			if !ok {
				return nil, fmt.Errorf("line %d has no %q, which the first line has", n, c)
			}
			if raw[0] != '"' {
				row[i] = raw
				continue
			}
			var s string
			if err := json.Unmarshal(raw, &s); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			row[i] = s
		}
		d.rows = append(d.rows, row)
	}
	return d, lines.Err()
}

// column compiles a placeholder for a column.
func (d *Data) column(name, column string) (func(*Values) any, error) {
	i := slices.Index(d.Columns, column)
	if i < 0 {
		return nil, fmt.Errorf("%s has no column %q; there are %s", name, column, strings.Join(d.Columns, ", "))
	}
	return func(v *Values) any { return d.rows[v.N%uint64(len(d.rows))][i] }, nil
}
