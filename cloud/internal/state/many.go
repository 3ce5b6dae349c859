package state

import "strings"

// manyRows are how many rows one statement reads or writes: few numbers, because each is a statement of
// its own to be prepared, and the largest small enough for the parameters that a database takes.
var manyRows = [...]int{128, 16, 4, 1}

// InStretches calls fn with list cut into stretches, for each of which Statements has a statement.
func InStretches[T any](list []T, fn func([]T) error) error {
	for _, n := range manyRows {
		for len(list) >= n {
			if err := fn(list[:n]); err != nil {
				return err
			}
			list = list[n:]
		}
	}
	return nil
}

// rowsOf repeats the question marks of one row, such as "(?, ?)".
func rowsOf(row string, n int) string {
	return strings.TrimSuffix(strings.Repeat(row+", ", n), ", ")
}

// Statements is a statement for each number of rows that InStretches gives.
type Statements map[int]string

// NewStatements makes them of what stands before the rows' question marks, one row's, and what stands after them.
func NewStatements(before, row, after string) Statements {
	all := Statements{}
	for _, n := range manyRows {
		all[n] = before + rowsOf(row, n) + after
	}
	return all
}
