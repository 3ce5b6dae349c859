//go:build !cgo || !linux

package main

// keepLittle does nothing here: it needs glibc's malloc.
func keepLittle() {}
