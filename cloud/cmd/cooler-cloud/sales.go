package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/client"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/intake"
	"github.com/coldshelf/coldshelf/cloud/internal/yamlfile"
)

func salesCommand(stdout, stderr io.Writer) *cobra.Command {
	cmd := &cobra.Command{Use: "sales", Short: "Sales of every channel: import files, masters, what waits and what has to be mended", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(salesImportCommand(stdout, stderr), salesMastersCommand(stdout, stderr), salesChannelCommand(stdout),
		salesParkedCommand(stdout),
		salesListCommand(stdout, "rejected", "Lines of webhooks and tills that have to be mended", "/v1/sales/rejected"),
		salesReplayCommand(stdout),
		salesListCommand(stdout, "channels", "How channels send", "/v1/sales/channels"))
	return cmd
}

// service is how a command reaches the running service.
type service struct{ url, tokenFile string }

func (s *service) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.url, "url", "http://127.0.0.1:8080", "address of the service")
	cmd.Flags().StringVar(&s.tokenFile, "token-file", "", "file that holds the bearer token")
}

func (s *service) client() (*client.Client, error) {
	c := &client.Client{Base: strings.TrimRight(s.url, "/")}
	if s.tokenFile == "" {
		return c, nil
	}
	token, err := os.ReadFile(s.tokenFile)
	if err != nil {
		return nil, cloud.Hint(fmt.Errorf("read token: %w", err), "give the file that holds the token with --token-file")
	}
	c.Token = strings.TrimSpace(string(token))
	return c, nil
}

// remote is a ledger behind the API.
type remote struct{ c *client.Client }

func (r remote) Append(ctx context.Context, _ string, d []sales.Draft) ([]sales.Verdict, error) {
	return r.c.Sell(ctx, d, false)
}

func (r remote) Try(ctx context.Context, _ string, d []sales.Draft) ([]sales.Verdict, error) {
	return r.c.Sell(ctx, d, true)
}

func (remote) Reject(context.Context, string, []sales.Refusal) error { return nil } // the file of rejected lines has them

// importFlags are what import is told.
type importFlags struct {
	service
	mapping, channel, rejected string
	dryRun, asJSON             bool
}

func salesImportCommand(stdout, stderr io.Writer) *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Send a file of sales: .csv by a mapping, .ndjson, .json, or .xml (POSLog)",
		Long: "Send a file of sales to the service. Good lines are stored; bad ones are named, and written to\n" +
			"FILE.rejected in the form in which they can be mended and imported again. A file that is sent\n" +
			"again counts once. With --dry-run nothing is stored and nothing is written.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), args[0], stdout, stderr) },
	}
	f.service.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.mapping, "mapping", "", "file that says which column is what (for .csv)")
	flags.StringVar(&f.channel, "channel", "", "name of the channel (for .xml)")
	flags.StringVar(&f.rejected, "rejected", "", "where bad lines are written (default: FILE.rejected with FILE's ending)")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what would become of each line, and store nothing")
	flags.BoolVar(&f.asJSON, "json", false, "print the report as JSON")
	return cmd
}

func (f *importFlags) run(ctx context.Context, path string, stdout, stderr io.Writer) error {
	c, err := f.client()
	if err != nil {
		return err
	}
	var m *intake.Mapping
	if f.mapping != "" {
		if m, err = cloud.ReadMapping(f.mapping); err != nil {
			return cloud.Hint(err, "docs/sales.md describes mappings")
		}
		if m.Format != "csv" {
			return cloud.Hint(fmt.Errorf("%s: the mapping is for %s", f.mapping, m.Format), "a file is read by a mapping with format: csv")
		}
	}
	in, err := os.Open(path)
	if err != nil {
		return cloud.Hint(fmt.Errorf("import: %w", err), "give the path of a file")
	}
	defer in.Close()
	file, err := intake.OpenFile(path, in, m, f.channel)
	if err != nil {
		return cloud.Hint(fmt.Errorf("import %s: %w", path, err), "give --mapping for .csv, --channel for .xml")
	}
	report, err := file.Take(ctx, intake.Intake{Ledger: remote{c}, DryRun: f.dryRun})
	if err != nil {
		return cloud.Hint(fmt.Errorf("import %s: %w", path, err), "see that the service runs at %s, or give its address with --url, and import the file again: what was stored counts once", f.url)
	}
	if f.asJSON {
		if err := json.NewEncoder(stdout).Encode(report); err != nil {
			return err
		}
	} else {
		printReport(stdout, stderr, &report)
	}
	return f.finish(path, file, &report)
}

// finish writes the bad lines and makes them the exit status.
func (f *importFlags) finish(path string, file *intake.File, report *intake.Report) error {
	if report.Rejected == 0 {
		return nil
	}
	failed := fmt.Errorf("%d of %d lines have to be mended", report.Rejected, report.Lines)
	if len(report.Problems) > 0 && report.Problems[0].Code == sales.Unmapped {
		return cloud.Hint(fmt.Errorf("%s does not read this file: nothing was stored", f.mapping),
			"%s. Write the file's own column names into the mapping's from:, and check its delimiter and encoding; docs/sales.md describes mappings", report.Problems[0].Hint)
	}
	if f.dryRun {
		return cloud.Hint(failed, "nothing was stored; correct the mapping or the file, and try again")
	}
	to := rejectedPath(f.rejected, path)
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if err := errors.Join(file.WriteRejected(out, report), out.Close()); err != nil {
		return fmt.Errorf("write rejected lines: %w", err)
	}
	return cloud.Hint(failed, "they are in %s: mend them there and import that file", to)
}

// rejectedPath is where the bad lines of a file are written, where it is not said.
func rejectedPath(said, path string) string {
	if said != "" {
		return said
	}
	path = strings.TrimSuffix(path, ".gz") // what is to be mended is not packed
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + ".rejected" + ext
}

func printProblems(stderr io.Writer, r *intake.Report) {
	hint := ""
	for _, p := range r.Problems {
		fmt.Fprintf(stderr, "line %d: %s: %s (%s)\n", p.Line, p.Status, p.Text, p.Code)
		if p.Hint != "" && p.Hint != hint { // once, where many lines are wrong in the same way
			fmt.Fprintf(stderr, "  %s\n", p.Hint)
		}
		hint = p.Hint
	}
}

func printReport(stdout, stderr io.Writer, r *intake.Report) {
	printProblems(stderr, r)
	if r.StoppedAt > 0 {
		fmt.Fprintf(stderr, "line %d: not read on: too many lines are bad\n", r.StoppedAt)
	}
	verb := "stored"
	if r.DryRun {
		verb = "would be stored"
	}
	fmt.Fprintf(stdout, "%d lines: %d %s, %d corrections, %d known already, %d late, %d parked, %d rejected, %d left out\n",
		r.Lines, r.Stored, verb, r.Corrected, r.Duplicate, r.Late, r.Parked, r.Rejected, r.Skipped)
}

// readDocument reads a file of YAML or JSON.
func readDocument(path string) (json.RawMessage, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, cloud.Hint(err, "give the path of a file")
	}
	converted, err := yamlfile.ToJSON(data)
	if err == nil && !json.Valid(data) {
		err = yamlfile.Whole(data)
	}
	if err != nil {
		return nil, cloud.Hint(fmt.Errorf("%s: %w", path, err), "docs/sales.md has examples")
	}
	return converted, nil
}

// masterFlags are what masters is told.
type masterFlags struct {
	service
	form     intake.MasterForm
	rejected string
	dryRun   bool
	asJSON   bool
}

func salesMastersCommand(stdout, stderr io.Writer) *cobra.Command {
	var f masterFlags
	cmd := &cobra.Command{Use: "masters FILE", Short: "Enter products and stores from a file (YAML, JSON or CSV)", Args: cobra.ExactArgs(1),
		Long: "Enter products and stores. YAML and JSON hold both, replace what is known of each, and are taken whole or not at all.\n" +
			"A CSV file is of products or of stores, as a shop's own program exports it: its first row names the columns, in\n" +
			"English or Chinese (GTIN, name, price, cost …; 商品条码, 名称, 售价, 进价 …; store, time zone …; 门店编号, 时区 …;\n" +
			"docs/sales.md lists all). A column that is not there, and an empty field, leave what is known as it is; prices are in\n" +
			"whole units, such as 12.50 or 12,50. Good rows are entered; bad ones are named, and written to FILE.rejected.csv to be\n" +
			"mended and entered again.",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch intake.Form(args[0]) {
			case ".csv", ".tsv", ".txt":
				return f.table(cmd.Context(), args[0], stdout, stderr)
			}
			if f.form != (intake.MasterForm{}) || f.rejected != "" || f.dryRun || f.asJSON {
				return cloud.Hint(fmt.Errorf("%s is no CSV file", args[0]), "--encoding, --decimal, --currency, --rejected, --dry-run and --json are for .csv")
			}
			var out struct{ Products, Stores, Replayed int }
			if err := f.send(cmd.Context(), http.MethodPost, "/v1/sales/masters", args[0], &out); err != nil {
				return err
			}
			_, err := fmt.Fprintf(stdout, "%d products and %d stores entered, %d parked lines taken\n", out.Products, out.Stores, out.Replayed)
			return err
		}}
	f.service.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.form.Encoding, "encoding", "", "of a .csv: gbk, windows-1252, … (default UTF-8, or what its byte order mark says)")
	flags.StringVar(&f.form.Decimal, "decimal", "", "what stands before the decimals in a .csv: point or comma (default: as each number shows)")
	flags.StringVar(&f.form.Currency, "currency", "", "of prices in a .csv without one, such as CNY")
	flags.StringVar(&f.rejected, "rejected", "", "where bad rows of a .csv are written (default: FILE.rejected.csv)")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what would become of each row of a .csv, and enter nothing")
	flags.BoolVar(&f.asJSON, "json", false, "print the report on a .csv as JSON")
	return cmd
}

// table sends a CSV file.
func (f *masterFlags) table(ctx context.Context, path string, stdout, stderr io.Writer) error {
	if err := f.form.Validate(); err != nil {
		return cloud.Hint(err, "docs/sales.md describes files of masters")
	}
	c, err := f.client()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return cloud.Hint(fmt.Errorf("masters: %w", err), "give the path of a file")
	}
	kind, query := "text/csv", url.Values{"mend": {"true"}, "dry_run": {strconv.FormatBool(f.dryRun)}}
	if f.form.Encoding != "" {
		kind += "; charset=" + f.form.Encoding
	}
	for name, value := range map[string]string{"decimal": f.form.Decimal, "currency": f.form.Currency} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var report intake.MasterReport
	if err := c.SendFile(ctx, "/v1/sales/masters?"+query.Encode(), kind, data, &report); err != nil {
		return f.told(fmt.Errorf("%s: %w", path, err))
	}
	if f.asJSON {
		if err := json.NewEncoder(stdout).Encode(report); err != nil {
			return err
		}
	} else {
		printMasters(stdout, stderr, &report)
	}
	if report.Rejected == 0 {
		return nil
	}
	failed := fmt.Errorf("%d of %d rows have to be mended", report.Rejected, report.Lines)
	switch {
	case report.Kind == "":
		return cloud.Hint(fmt.Errorf("%s is not read: nothing was entered", path), "name its columns as docs/sales.md lists them; --encoding says how it is written")
	case f.dryRun:
		return cloud.Hint(failed, "nothing was entered; correct the file, and try again")
	case report.Mend == "":
		return cloud.Hint(failed, "mend them in %s, and enter it again: what is entered stays as it is", path)
	}
	to := rejectedPath(f.rejected, path)
	if err := os.WriteFile(to, []byte(report.Mend), 0o644); err != nil { //nolint:gosec // as readable as the file that it came of
		return fmt.Errorf("write rejected rows: %w", err)
	}
	return cloud.Hint(failed, "they are in %s, in UTF-8: mend them there and enter that file", to)
}

func printMasters(stdout, stderr io.Writer, r *intake.MasterReport) {
	printProblems(stderr, &r.Report)
	if len(r.Ignored) > 0 {
		fmt.Fprintf(stderr, "columns that are not read: %s\n", strings.Join(r.Ignored, ", "))
	}
	verb := "entered"
	if r.DryRun {
		verb = "would be entered"
	}
	kind := r.Kind
	if kind == "" {
		kind = "rows"
	}
	fmt.Fprintf(stdout, "%d %s: %d new %s, %d changed, %d known already, %d rejected, %d parked lines taken\n", r.Lines, kind, r.Stored, verb, r.Corrected, r.Duplicate, r.Rejected, r.Replayed)
}

func salesChannelCommand(stdout io.Writer) *cobra.Command {
	var s service
	cmd := &cobra.Command{Use: "channel NAME FILE", Short: "Say how a channel sends: its secret, signature and mapping (YAML or JSON)", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var out struct{ Kind string }
			if err := s.send(cmd.Context(), http.MethodPut, "/v1/sales/channels/"+args[0], args[1], &out); err != nil {
				return err
			}
			_, err := fmt.Fprintf(stdout, "channel %s is of the kind %s\n", args[0], out.Kind)
			return err
		}}
	s.register(cmd)
	return cmd
}

// send sends a file to an address of the API.
func (s *service) send(ctx context.Context, method, path, file string, out any) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	body, err := readDocument(file)
	if err != nil {
		return err
	}
	if err := c.Do(ctx, method, path, body, out); err != nil {
		return s.told(fmt.Errorf("%s: %w", atLine(file, err), err))
	}
	return nil
}

// atLine is a file with the line of the field that a service does not know, where it is one and stands in the file.
func atLine(file string, err error) string {
	_, rest, found := strings.Cut(err.Error(), "unknown field ")
	if !found {
		return file
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return file
	}
	field := strings.FieldsFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' })
	if len(field) == 0 {
		return file
	}
	key := regexp.MustCompile(`(^|[\s{,"'])` + regexp.QuoteMeta(field[0]) + `["']?\s*:`)
	for i, line := range strings.Split(string(data), "\n") {
		if key.MatchString(line) {
			return fmt.Sprintf("%s: line %d", file, i+1)
		}
	}
	return file
}

// salesParkedCommand lists what waits, as a table for people and as JSON for machines.
func salesParkedCommand(stdout io.Writer) *cobra.Command {
	var s service
	var asJSON bool
	cmd := &cobra.Command{Use: "parked", Short: "Lines and movements that wait for their product, store or original", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.answer(cmd, stdout, asJSON, http.MethodGet, "/v1/sales/parked", nil, func(raw []byte) error { return printParked(stdout, raw) })
		}}
	s.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printParked(w io.Writer, raw []byte) error {
	type waiting struct {
		Missing, Error string
		ParkedAt       time.Time `json:"parked_at"`
		Line           sales.Draft
		Movement       sales.MovementDraft
	}
	var out struct {
		Parked, Movements []waiting
		Cancellations     []struct {
			Channel, Order string
			ParkedAt       time.Time `json:"parked_at"`
		}
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if len(out.Parked)+len(out.Movements)+len(out.Cancellations) == 0 {
		_, err := fmt.Fprintln(w, "nothing waits")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(out.Parked)+len(out.Cancellations) > 0 {
		fmt.Fprintln(t, "SINCE\tCHANNEL\tORDER\tLINE\tWAITS FOR\tWHY")
	}
	for _, p := range out.Parked {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", p.ParkedAt.Format(time.DateTime), p.Line.Channel, p.Line.Order, p.Line.Line, p.Missing, p.Error)
	}
	for _, c := range out.Cancellations {
		fmt.Fprintf(t, "%s\t%s\t%s\t-\t%s\t%s\n", c.ParkedAt.Format(time.DateTime), c.Channel, c.Order, "its lines", "it is cancelled: they will count as nothing")
	}
	if err := t.Flush(); err != nil || len(out.Movements) == 0 {
		return err
	}
	fmt.Fprintln(t, "SINCE\tMOVEMENT\tSTORE\tCAUSE\tWAITS FOR\tWHY")
	for _, p := range out.Movements {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", p.ParkedAt.Format(time.DateTime), p.Movement.ID, p.Movement.Store, p.Movement.Cause, p.Missing, p.Error)
	}
	return t.Flush()
}

// salesReplayCommand reads rejected webhooks again, by their channels as they are now.
func salesReplayCommand(stdout io.Writer) *cobra.Command {
	var s service
	var channel string
	cmd := &cobra.Command{Use: "replay", Short: "Read rejected webhooks again, after their channel's mapping was mended", Args: cobra.NoArgs,
		Long: "Read each webhook of which something was rejected again, by its channel as it is now: mend the mapping\n" +
			"(cooler-cloud sales channel NAME FILE), then replay. What was stored before counts once.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			path := "/v1/sales/rejected/replay"
			if channel != "" {
				path += "?channel=" + url.QueryEscape(channel)
			}
			var out struct{ Messages, Taken, Stored, Corrected, Duplicate, Late, Parked, Rejected, Skipped int }
			if err := c.Do(cmd.Context(), http.MethodPost, path, nil, &out); err != nil {
				return s.told(err)
			}
			fmt.Fprintf(stdout, "%d webhooks read again: %d lines stored, %d corrections, %d known already, %d late, %d parked, %d rejected, %d left out\n",
				out.Messages, out.Stored, out.Corrected, out.Duplicate, out.Late, out.Parked, out.Rejected, out.Skipped)
			if left := out.Messages - out.Taken; left > 0 {
				return cloud.Hint(fmt.Errorf("of %d webhooks something is still rejected", left), "cooler-cloud sales rejected tells what; mend the mapping again, or the line")
			}
			return nil
		}}
	s.register(cmd)
	cmd.Flags().StringVar(&channel, "channel", "", "of this channel alone")
	return cmd
}

func salesListCommand(stdout io.Writer, name, short, path string) *cobra.Command {
	var s service
	cmd := &cobra.Command{Use: name, Short: short + ", as JSON", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			var out json.RawMessage
			if err := c.Do(cmd.Context(), http.MethodGet, path, nil, &out); err != nil {
				return s.told(err)
			}
			_, err = fmt.Fprintf(stdout, "%s\n", out)
			return err
		}}
	s.register(cmd)
	return cmd
}
