//go:build !race

package socket

func system() calls { return direct() }
