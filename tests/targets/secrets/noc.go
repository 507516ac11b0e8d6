//go:build !withcgo

package main

func plantC() {}
