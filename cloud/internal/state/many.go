package state

import "strings"

// manyRows are the numbers of rows that one statement may read or write. There are only a few of them, because
// each needs a statement of its own, and the largest keeps the number of parameters within the limits of both
// databases.
var manyRows = [...]int{128, 16, 4, 1}

// InStretches calls fn with consecutive parts of list, for each of which Statements holds a statement.
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

// Statements maps each number of rows that InStretches uses to a statement.
type Statements map[int]string

// NewStatements builds the statements from the text before the rows' question marks, that of one row, and the
// text after them.
func NewStatements(before, row, after string) Statements {
	all := Statements{}
	for _, n := range manyRows {
		all[n] = before + rowsOf(row, n) + after
	}
	return all
}
