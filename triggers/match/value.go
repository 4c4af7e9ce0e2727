package match

import (
	"cmp"
	"encoding/json"
	"strconv"
)

// equal compares a value with a string, a number, a bool or null. A number is
// no string that looks like one.
func equal(value, want any) bool {
	if want, ok := want.(json.Number); ok {
		number, ok := value.(json.Number)
		return ok && compareNumbers(number, want) == 0
	}
	return value == want // of different types, save a list or an object: those are never wanted
}

// compareNumbers compares whole numbers that fit into 64 bits exactly, all
// others as float64: what is larger than one is infinite. It returns -1, 0 or 1.
func compareNumbers(a, b json.Number) int {
	x, errX := strconv.ParseInt(a.String(), 10, 64)
	y, errY := strconv.ParseInt(b.String(), 10, 64)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(float(a), float(b))
}

func float(n json.Number) float64 {
	value, _ := strconv.ParseFloat(n.String(), 64) // an infinity, with an error, when it is too large
	return value
}
