// layouts prints the struct layouts and integer constants of packages of a Go release's standard
// library, by type-checking their sources: nothing is compiled, and one toolchain gives every
// architecture and every experiment.
//
//	layouts -goroot DIR -minor 24 -config "NAME ARCH TAG,TAG…" … PACKAGE…
//
// Each -config is a GOARCH with the tool tags (goexperiment.…) that `go list` tells for it. Names are
// those the linker writes to DWARF (cmd/link/internal/ld/dwarf.go): parked finds a struct by the same
// name in a table as in DWARF. tests/e2e/test_layout_tables.py compares the two.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"go/types"
	"os"
	"sort"
	"strings"
)

type configs []string

func (c *configs) String() string { return strings.Join(*c, ";") }

func (c *configs) Set(text string) error {
	*c = append(*c, text)
	return nil
}

func main() {
	var wanted configs
	goroot := flag.String("goroot", "", "the toolchain")
	minor := flag.Int("minor", 0, "N of go1.N")
	flag.Var(&wanted, "config", "NAME ARCH TAGS")
	flag.Parse()
	out := bufio.NewWriter(os.Stdout)
	sources := newSources()
	for _, config := range wanted {
		parts := strings.Split(config, " ")
		if len(parts) != 3 {
			fatal(fmt.Errorf("not NAME ARCH TAGS: %q", config))
		}
		fmt.Fprintln(out, "config", parts[0], parts[1])
		loader := newLoader(sources, *goroot, parts[1], *minor, strings.Split(parts[2], ","))
		if err := printAll(out, loader, flag.Args()); err != nil {
			fatal(fmt.Errorf("%s: %w", config, err))
		}
	}
	if err := out.Flush(); err != nil {
		fatal(err)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "layouts:", err)
	os.Exit(1)
}

func printAll(out *bufio.Writer, loader *loader, packages []string) error {
	layouts := map[string]*types.Struct{}
	constants := map[string]string{}
	for _, path := range packages {
		pkg, err := loader.load(path)
		if err != nil {
			return err
		}
		if pkg == nil {
			continue // this release does not have the package
		}
		for _, name := range pkg.Scope().Names() {
			switch object := pkg.Scope().Lookup(name).(type) {
			case *types.TypeName:
				named, ok := object.Type().(*types.Named)
				if ok && !object.IsAlias() && named.TypeParams().Len() == 0 {
					collect(named, layouts)
				}
			case *types.Const:
				if basic, ok := object.Type().Underlying().(*types.Basic); ok && basic.Info()&types.IsInteger != 0 {
					constants[path+"."+name] = object.Val().ExactString()
				}
			}
		}
	}
	for _, name := range sortedKeys(layouts) {
		if err := printStruct(out, loader.sizes, name, layouts[name]); err != nil {
			return err
		}
	}
	for _, name := range sortedKeys(constants) {
		fmt.Fprintln(out, "const", constants[name], name)
	}
	return nil
}

// collect adds a struct and the structs that are part of it.
func collect(t types.Type, layouts map[string]*types.Struct) {
	switch under := t.Underlying().(type) {
	case *types.Array:
		collect(under.Elem(), layouts)
	case *types.Struct:
		name := linkName(t)
		if layouts[name] != nil {
			return
		}
		layouts[name] = under
		for i := 0; i < under.NumFields(); i++ {
			collect(under.Field(i).Type(), layouts)
		}
	}
}

func printStruct(out *bufio.Writer, sizes types.Sizes, name string, layout *types.Struct) error {
	fields := make([]*types.Var, layout.NumFields())
	for i := range fields {
		fields[i] = layout.Field(i)
		if bad := invalid(fields[i].Type()); bad {
			return fmt.Errorf("%s.%s: its type is not known", name, fields[i].Name())
		}
	}
	fmt.Fprintf(out, "struct %d %s\n", sizes.Sizeof(layout), name)
	for i, offset := range sizes.Offsetsof(fields) {
		t := fields[i].Type()
		fmt.Fprintf(out, " %d %d %s %s\n", offset, sizes.Sizeof(t), fields[i].Name(), fieldType(t))
	}
	return nil
}

func invalid(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Kind() == types.Invalid
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
