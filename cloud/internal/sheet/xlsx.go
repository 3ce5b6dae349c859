package sheet

import (
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"
)

// XLSX writes the table as the only sheet of a workbook: the first row is bold and stays visible, every column
// can be filtered, and numbers are stored as numbers.
func (t *Table) XLSX(w io.Writer, name string) (err error) {
	f := excelize.NewFile()
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	if err := f.SetSheetName("Sheet1", name); err != nil {
		return fmt.Errorf("name sheet: %w", err)
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return fmt.Errorf("style sheet: %w", err)
	}
	out, err := f.NewStreamWriter(name)
	if err != nil {
		return fmt.Errorf("write sheet: %w", err)
	}
	if err := out.SetColWidth(1, max(1, len(t.Columns)), 16); err != nil {
		return fmt.Errorf("write sheet: %w", err)
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return fmt.Errorf("write sheet: %w", err)
	}
	head := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		head[i] = c
	}
	if err := out.SetRow("A1", head, excelize.RowOpts{StyleID: bold}); err != nil {
		return fmt.Errorf("write sheet: %w", err)
	}
	for i, row := range t.Rows {
		at, err := excelize.CoordinatesToCellName(1, i+2)
		if err != nil {
			return fmt.Errorf("write sheet: %w", err)
		}
		if err := out.SetRow(at, row); err != nil { // a text is stored as a text, never as a formula
			return fmt.Errorf("write sheet: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write sheet: %w", err)
	}
	if len(t.Columns) > 0 {
		last, err := excelize.CoordinatesToCellName(len(t.Columns), len(t.Rows)+1)
		if err != nil {
			return fmt.Errorf("write sheet: %w", err)
		}
		if err := f.AutoFilter(name, "A1:"+last, nil); err != nil {
			return fmt.Errorf("write sheet: %w", err)
		}
	}
	if err := f.Write(w); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}
