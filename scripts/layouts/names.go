package main

import (
	"fmt"
	"go/types"
	"strings"
)

// fieldType names the type of a field as parked's reader of DWARF does: a type that is a struct in
// DWARF by the name of that struct, which for strings and interfaces is not their own.
func fieldType(t types.Type) string {
	switch under := t.Underlying().(type) {
	case *types.Interface:
		if under.NumMethods() == 0 {
			return "runtime.eface"
		}
		return "runtime.iface"
	case *types.Basic:
		if under.Kind() == types.String {
			return "string"
		}
	}
	return linkName(t)
}

// linkName is the name of a type in the linker's symbols and in DWARF.
func linkName(t types.Type) string {
	switch t := t.(type) {
	case *types.Alias:
		return linkName(types.Unalias(t))
	case *types.Basic:
		switch t.Kind() {
		case types.UnsafePointer:
			return "unsafe.Pointer"
		case types.Byte:
			return "uint8"
		case types.Rune:
			return "int32"
		}
		return t.Name()
	case *types.Named:
		return qualified(t.Obj()) + arguments(t.TypeArgs())
	case *types.Pointer:
		return "*" + linkName(t.Elem())
	case *types.Slice:
		return "[]" + linkName(t.Elem())
	case *types.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), linkName(t.Elem()))
	case *types.Map:
		return "map[" + linkName(t.Key()) + "]" + linkName(t.Elem())
	case *types.Chan:
		return channel(t)
	case *types.Signature:
		return "func" + signature(t)
	case *types.Interface:
		return interfaceName(t)
	case *types.Struct:
		return structName(t)
	}
	return t.String()
}

func qualified(object types.Object) string {
	if object.Pkg() == nil {
		return object.Name() // error, any
	}
	return object.Pkg().Path() + "." + object.Name()
}

func arguments(list *types.TypeList) string {
	if list.Len() == 0 {
		return ""
	}
	names := make([]string, list.Len())
	for i := range names {
		names[i] = linkName(list.At(i))
	}
	return "[" + strings.Join(names, ",") + "]"
}

func channel(t *types.Chan) string {
	element := linkName(t.Elem())
	switch t.Dir() {
	case types.SendOnly:
		return "chan<- " + element
	case types.RecvOnly:
		return "<-chan " + element
	}
	if inner, ok := t.Elem().(*types.Chan); ok && inner.Dir() == types.RecvOnly {
		element = "(" + element + ")"
	}
	return "chan " + element
}

func signature(t *types.Signature) string {
	tuple := func(list *types.Tuple, variadic bool) string {
		names := make([]string, list.Len())
		for i := range names {
			names[i] = linkName(list.At(i).Type())
			if variadic && i == len(names)-1 {
				names[i] = "..." + strings.TrimPrefix(names[i], "[]")
			}
		}
		return strings.Join(names, ", ")
	}
	text := "(" + tuple(t.Params(), t.Variadic()) + ")"
	switch t.Results().Len() {
	case 0:
		return text
	case 1:
		return text + " " + tuple(t.Results(), false)
	}
	return text + " (" + tuple(t.Results(), false) + ")"
}

// member is the name of a field or a method in a literal type.
func member(object types.Object) string {
	if object.Exported() {
		return object.Name()
	}
	return qualified(object)
}

func interfaceName(t *types.Interface) string {
	if t.NumMethods() == 0 {
		return "interface {}"
	}
	methods := make([]string, t.NumMethods())
	for i := range methods {
		method := t.Method(i)
		methods[i] = member(method) + signature(method.Type().(*types.Signature))
	}
	return "interface { " + strings.Join(methods, "; ") + " }"
}

func structName(t *types.Struct) string {
	if t.NumFields() == 0 {
		return "struct {}"
	}
	fields := make([]string, t.NumFields())
	for i := range fields {
		field := t.Field(i)
		fields[i] = member(field) + " " + linkName(field.Type())
		if field.Embedded() {
			fields[i] = linkName(field.Type())
		}
		if tag := t.Tag(i); tag != "" {
			fields[i] += fmt.Sprintf(" %q", tag)
		}
	}
	return "struct { " + strings.Join(fields, "; ") + " }"
}
