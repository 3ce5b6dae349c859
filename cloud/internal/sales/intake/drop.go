package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
)

// Drop is a folder into which a till or a report writes files: .csv by the mapping, .ndjson of our own
// lines, .xml as POSLog. A file that was taken moves to done/; its bad lines, to be mended and dropped
// again, stand in rejected/ under its name and in its form, with a report beside them.
//
// A file is taken once it has not changed between two scans. One that is taken twice, because the
// machine went down in between, counts once.
type Drop struct {
	Dir     string
	Mapping *Mapping // for .csv; nil: there are none
	Channel string   // for .xml
	Ledger  Ledger
	Tenant  string
	Log     *slog.Logger

	seen map[string]fs.FileInfo // as the last scan saw them
}

// Run scans until ctx ends.
func (d *Drop) Run(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := d.Scan(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("sales drop folder", "dir", d.Dir, "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Scan takes each file that is as it was in the last scan.
func (d *Drop) Scan(ctx context.Context) error {
	entries, err := os.ReadDir(d.Dir)
	if err != nil {
		return fmt.Errorf("scan drop folder: %w", err)
	}
	now := map[string]fs.FileInfo{}
	var errs []error
	for _, e := range entries {
		if !e.Type().IsRegular() || !d.takes(e.Name()) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // gone meanwhile
		}
		was, known := d.seen[e.Name()]
		if known && was.Size() == info.Size() && was.ModTime().Equal(info.ModTime()) {
			if err := d.take(ctx, e.Name()); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", e.Name(), err))
			}
			continue
		}
		now[e.Name()] = info
	}
	d.seen = now
	return errors.Join(errs...)
}

// takes passes over files that are hidden, and those of a form that this folder has not been told of.
func (d *Drop) takes(name string) bool {
	if strings.HasPrefix(name, ".") {
		return false
	}
	switch Form(name) {
	case ".csv":
		return d.Mapping != nil
	case ".xml":
		return d.Channel != ""
	case ".ndjson", ".json":
		return true
	}
	return false
}

func (d *Drop) take(ctx context.Context, name string) error {
	path := filepath.Join(d.Dir, name)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	file, err := OpenFile(name, f, d.Mapping, d.Channel)
	if err != nil {
		return err
	}
	report, err := file.Take(ctx, Intake{Ledger: d.Ledger, Tenant: d.Tenant})
	if err != nil {
		return err
	}
	d.Log.Info("sales file taken", "file", name, "lines", report.Lines, "stored", report.Stored, "corrected", report.Corrected,
		"duplicate", report.Duplicate, "parked", report.Parked, "rejected", report.Rejected)
	if report.Rejected > 0 || report.StoppedAt > 0 {
		if err := d.giveBack(name, file, &report); err != nil {
			return err
		}
	}
	done := filepath.Join(d.Dir, "done")
	if err := os.MkdirAll(done, 0o750); err != nil {
		return err
	}
	return os.Rename(path, free(filepath.Join(done, name)))
}

// giveBack writes the bad lines and the report.
func (d *Drop) giveBack(name string, file *File, report *Report) error {
	dir := filepath.Join(d.Dir, "rejected")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	var lines bytes.Buffer
	if err := file.WriteRejected(&lines, report); err != nil {
		return err
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	path := free(filepath.Join(dir, strings.TrimSuffix(name, ".gz"))) // what is to be mended is not packed
	return errors.Join(writeDurably(path, lines.Bytes()), writeDurably(path+".report.json", append(text, '\n')))
}

// free gives a path that no file has: a file of the same name is never written over.
func free(path string) string {
	ext := filepath.Ext(path)
	for n, try := 2, path; ; n++ {
		if _, err := os.Lstat(try); errors.Is(err, fs.ErrNotExist) {
			return try
		}
		try = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, ext), n, ext)
	}
}

func writeDurably(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// File is a file of sales of one of the known forms, told by its name.
type File struct {
	r       io.Reader
	form    string // ndjson, json or xml
	frame   posFrame
	table   *Table
	items   func(func(Item) bool)
	skipped int
}

// Form is the ending of a file's name that tells its form: that before .gz, which is unpacked.
func Form(name string) string {
	ext := strings.ToLower(filepath.Ext(name))
	if ext == ".gz" {
		ext = strings.ToLower(filepath.Ext(name[:len(name)-len(ext)]))
	}
	return ext
}

// OpenFile prepares a file: .csv by a mapping, .xml as POSLog of a channel, .ndjson and .json, each also packed by gzip.
func OpenFile(name string, packed io.Reader, m *Mapping, channel string) (*File, error) {
	f := &File{r: packed}
	r, err := Unpack(packed)
	if err != nil {
		r = broken{err}
	}
	switch Form(name) {
	case ".csv", ".txt", ".tsv":
		if m == nil {
			return nil, errors.New("a CSV file needs a mapping")
		}
		f.table = CSV(r, m)
		f.items = f.table.Items()
	case ".xml":
		if channel == "" {
			return nil, errors.New("a POSLog needs the name of its channel")
		}
		f.form = "xml"
		f.items = posLog(r, channel, &f.skipped, &f.frame)
	case ".ndjson", ".jsonl":
		f.form = "ndjson"
		f.items = NDJSON(r)
	case ".json":
		f.form = "json"
		f.items = JSON(r)
	default:
		return nil, fmt.Errorf("%s is not .csv, .ndjson, .json or .xml", name)
	}
	return f, nil
}

// broken is an input of which nothing can be read.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// Take reads the file into the ledger.
func (f *File) Take(ctx context.Context, in Intake) (Report, error) {
	r, err := in.Take(ctx, f.items)
	if r.Skipped = f.skipped; f.table != nil {
		r.Skipped = f.table.Skipped
	}
	return r, err
}

// WriteRejected writes what was rejected in the form of the file, to be mended and sent again. A POSLog's line is
// sent with its whole transaction, and what breaks off or was not read to its end is given back whole: what was
// stored counts once.
func (f *File) WriteRejected(w io.Writer, r *Report) error {
	bad, whole := f.bad(r)
	if in, ok := f.r.(io.ReadSeeker); ok && whole {
		if _, err := in.Seek(0, io.SeekStart); err != nil {
			return err
		}
		plain, err := Unpack(in)
		if err != nil {
			return copyOf(w, in)
		}
		if _, err = io.Copy(w, plain); errors.Is(err, io.ErrUnexpectedEOF) {
			return nil // a packed file that is cut comes back as far as it goes
		}
		return err
	}
	switch {
	case f.table != nil:
		return f.table.WriteRejected(w, r)
	case f.form == "json":
		return writeJSON(w, bad)
	case f.form == "xml":
		return f.frame.write(w, bad)
	}
	for _, p := range bad {
		if _, err := fmt.Fprintln(w, p.Input); err != nil {
			return err
		}
	}
	return nil
}

// bad are the rejected lines; whole is true where the file has to be sent again as a whole.
func (f *File) bad(r *Report) (bad []Problem, whole bool) {
	whole = r.StoppedAt > 0
	for _, p := range r.Problems {
		if p.Status == sales.Rejected {
			bad = append(bad, p)
			whole = whole || p.Input == "" || p.cut || f.table != nil && p.Line <= 1
		}
	}
	return bad, whole
}

// Mend is the file of rejected lines as a text, for who sent the file and reads the report; "" where nothing was
// rejected, and where it is the file itself that has to be mended and sent again.
func (f *File) Mend(r *Report) (string, error) {
	if bad, whole := f.bad(r); len(bad) == 0 || whole {
		return "", nil
	}
	f.frame.utf8 = true
	if f.table != nil {
		f.table.utf8 = true
	}
	var b strings.Builder
	err := f.WriteRejected(&b, r)
	return b.String(), err
}

// copyOf gives back what cannot even be unpacked as it came.
func copyOf(w io.Writer, in io.ReadSeeker) error {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(w, in)
	return err
}

func writeJSON(w io.Writer, bad []Problem) error {
	lines := make([]string, len(bad))
	for i, p := range bad {
		lines[i] = p.Input
	}
	_, err := fmt.Fprintf(w, "{\"lines\":[\n%s\n]}\n", strings.Join(lines, ",\n"))
	return err
}

// write writes each transaction with a bad line once, under what is wrong with it.
func (p *posFrame) write(w io.Writer, bad []Problem) error {
	var b strings.Builder
	b.WriteString(p.head)
	for i := 0; i < len(bad); {
		around := bad[i].around
		for ; i < len(bad) && bad[i].around == around; i++ {
			said := strings.ReplaceAll(bad[i].Input+": "+bad[i].Text, "--", "- -") // which ends a comment
			fmt.Fprintf(&b, "<!-- %s -->\n", said)
		}
		b.WriteString(around + "\n")
	}
	b.WriteString(p.tail + "\n")
	if p.utf8 {
		_, err := io.WriteString(w, "\ufeff"+b.String())
		return err
	}
	_, err := io.WriteString(encoded(w, p.encoding), b.String())
	return err
}
