package profiles

import (
	"embed"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed servers/*.yaml
var servers embed.FS

// embedded names the profiles in servers/, in the order of the document that
// requires them.
var embedded = []string{
	"acb", "session-mgmt-mcp", "crackerjack", "opera-cloud-mcp", "raindropio-mcp",
	"excalidraw-mcp", "mailgun-mcp", "unifi-mcp", "fastblocks",
}

// A Catalog holds profiles that have been read and checked. It is immutable
// and may be used by many goroutines.
type Catalog struct {
	order    []string
	byName   map[string]Profile
	warnings []Fault
}

// Load reads the embedded profiles and then, in order, every *.yaml and *.yml
// file of the folders, without the folders in them. A profile's name is its
// file's, unless the file gives another.
//
// A profile of a folder overrides one of the same name that came before it,
// and does so whole, unless it says `inherits:` with that very name: then it
// is read onto the one that it overrides. Whoever inherits from the name gets
// the one that counts.
//
// Load returns either every profile, or Errors with every fault of every file.
func Load(dirs ...string) (*Catalog, error) {
	p := pressEmbedded()
	for i, dir := range dirs {
		p.folder(folder{files: os.DirFS(dir), dir: dir, layer: i + 1})
	}
	return p.catalog()
}

// LoadFS is Load with file systems in place of folders, of which the files in
// "." are read.
func LoadFS(folders ...fs.FS) (*Catalog, error) {
	p := pressEmbedded()
	for i, files := range folders {
		p.folder(folder{files: files, layer: i + 1})
	}
	return p.catalog()
}

// Parse reads one file, which may inherit from the embedded profiles. The
// name is the file's, for faults and for a profile that gives none. It returns
// the warnings beside the profile, or Errors with every fault.
func Parse(name string, data []byte) (Profile, []Fault, error) {
	d := newDraft(name, name, 1, data)
	p := newPress()
	if d.inherits != "" {
		p = pressEmbedded()
	}
	p.add(d)
	warnings, err := p.settle()
	if err != nil {
		return Profile{}, nil, err
	}
	return d.profile.Clone(), warnings, nil
}

// Get returns a copy of the profile of a name: what is done to it changes
// nothing here.
func (c *Catalog) Get(name string) (Profile, bool) {
	p, ok := c.byName[name]
	return p.Clone(), ok
}

// All returns copies of all profiles: the embedded ones in their own order,
// overridden or not, then the others by name.
func (c *Catalog) All() []Profile {
	list := make([]Profile, len(c.order))
	for i, name := range c.order {
		list[i] = c.byName[name].Clone()
	}
	return list
}

// Suggest returns the name that was most likely meant, or nothing.
func (c *Catalog) Suggest(name string) string { return Nearest(name, c.order) }

// Meant is the question that advice on an unknown name begins with, or nothing.
func (c *Catalog) Meant(name string) string { return Meant(name, c.order) }

// Warnings returns what is worth knowing of the files, and stopped nothing.
func (c *Catalog) Warnings() []Fault { return slices.Clone(c.warnings) }

// A folder is one layer of profiles.
type folder struct {
	files  fs.FS
	dir    string // its path, for faults; empty where it has none
	source string // what a profile's Source says; empty for the file's path
	layer  int
}

// pressEmbedded begins a load with the embedded profiles.
func pressEmbedded() *press {
	p := newPress()
	files, err := fs.Sub(servers, "servers")
	if err != nil {
		panic("profiles: internal error: " + err.Error()) // the name is a constant, and a valid one
	}
	p.folder(folder{files: files, source: "embedded"})
	return p
}

// folder takes in every profile of a folder.
func (p *press) folder(f folder) {
	entries, err := fs.ReadDir(f.files, ".")
	if err != nil {
		p.unread(f.dir, "cannot be read: "+reason(err), "a folder of profiles", false)
		return
	}
	some := false
	for _, e := range entries {
		name := e.Name()
		ext := strings.ToLower(path.Ext(name))
		if ext != ".yaml" && ext != ".yml" || strings.HasPrefix(name, ".") {
			continue // a hidden file is an editor's
		}
		some = true
		file := name
		if f.dir != "" {
			file = filepath.Join(f.dir, name)
		}
		data, err := readFile(f.files, name)
		if err != nil {
			p.unread(file, "cannot be read: "+reason(err), "a file", false)
			continue
		}
		source := f.source
		if source == "" {
			source = file
		}
		p.add(newDraft(file, source, f.layer, data))
	}
	if !some {
		p.unread(f.dir, "holds no profile", "files named *.yaml or *.yml", true)
	}
}

// unread notes what is wrong with a file or folder that gave no draft.
func (p *press) unread(file, problem, want string, warning bool) {
	f := Fault{File: file, Problem: problem, Want: want, Warning: warning}
	p.drafts = append(p.drafts, &draft{reader: &reader{faults: []Fault{f}}})
}

// settle resolves every draft, and returns either the warnings or Errors.
func (p *press) settle() (warnings []Fault, err error) {
	for _, d := range p.drafts {
		p.resolve(d)
	}
	var faults Errors
	for _, d := range p.drafts {
		for _, f := range d.reader.report() {
			if f.Warning {
				warnings = append(warnings, f)
			} else {
				faults = append(faults, f)
			}
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return warnings, nil
}

// catalog resolves every draft, and returns those that count.
func (p *press) catalog() (*Catalog, error) {
	warnings, err := p.settle()
	if err != nil {
		return nil, err
	}
	c := &Catalog{byName: map[string]Profile{}, warnings: warnings}
	for name, layers := range p.byName {
		c.byName[name] = layers[len(layers)-1].profile
		if !slices.Contains(embedded, name) {
			c.order = append(c.order, name)
		}
	}
	slices.Sort(c.order)
	c.order = append(slices.Clone(embedded), c.order...)
	return c, nil
}

// readFile reads no more of a file than shows that it is too large. It opens
// regular files alone: a pipe would be waited for.
func readFile(files fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(files, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	return data, errors.Join(err, f.Close())
}

// reason returns an error without the path that a fault already names.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return err.Error()
}
