package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
)

// sources are the files that were parsed; most are the same for every configuration.
type sources struct {
	set   *token.FileSet
	files map[string]*ast.File
}

func newSources() *sources { return &sources{token.NewFileSet(), map[string]*ast.File{}} }

func (s *sources) parse(name string) (*ast.File, error) {
	if file := s.files[name]; file != nil {
		return file, nil
	}
	file, err := parser.ParseFile(s.set, name, nil, parser.SkipObjectResolution)
	s.files[name] = file
	return file, err
}

// loader type-checks the packages of a GOROOT from source, without function bodies.
type loader struct {
	context build.Context
	sources *sources
	sizes   types.Sizes
	loaded  map[string]*types.Package
	errors  map[string]error // the first of a package
}

func newLoader(sources *sources, goroot, arch string, minor int, tags []string) *loader {
	context := build.Default
	context.GOROOT = goroot
	context.GOPATH = ""
	context.GOOS = "linux"
	context.GOARCH = arch
	context.Compiler = "gc"
	context.CgoEnabled = false
	context.ToolTags = tags
	context.ReleaseTags = nil
	for n := 1; n <= minor; n++ {
		context.ReleaseTags = append(context.ReleaseTags, fmt.Sprintf("go1.%d", n))
	}
	return &loader{context, sources, types.SizesFor("gc", arch),
		map[string]*types.Package{}, map[string]error{}}
}

// load returns a package, nil without an error if the release does not have it.
func (l *loader) load(path string) (*types.Package, error) {
	if _, err := os.Stat(filepath.Join(l.context.GOROOT, "src", path)); err != nil {
		return nil, nil
	}
	return l.Import(path)
}

// Import implements types.Importer.
func (l *loader) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	source := filepath.Join(l.context.GOROOT, "src")
	if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
		path = "vendor/" + path
	}
	if pkg := l.loaded[path]; pkg != nil {
		return pkg, l.errors[path]
	}
	folder, err := l.context.ImportDir(filepath.Join(source, path), 0)
	if err != nil {
		if _, empty := err.(*build.NoGoError); empty {
			return nil, nil
		}
		return nil, err
	}
	var parsed []*ast.File
	for _, name := range folder.GoFiles {
		file, err := l.sources.parse(filepath.Join(folder.Dir, name))
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, file)
	}
	config := types.Config{
		Importer:         l,
		Sizes:            l.sizes,
		IgnoreFuncBodies: true,
		// A package that only bodies use is an unused import here, which is none.
		Error: func(err error) {
			if soft := err.(types.Error).Soft; !soft && l.errors[path] == nil {
				l.errors[path] = err
			}
		},
	}
	pkg, _ := config.Check(path, l.sources.set, parsed, nil)
	l.loaded[path] = pkg
	return pkg, l.errors[path]
}
