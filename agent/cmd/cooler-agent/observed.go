package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/picture"
)

const (
	// maxObservation bounds the JSON of one look, from a file or from the cloud.
	maxObservation = 8 << 20
	cloudTimeout   = 30 * time.Second
)

// observed is a look that was stored or sent: the facings and the picture that shows them. The picture may be
// smaller than the one in which the boxes were measured.
type observed struct {
	source  string
	frame   vision.Frame
	facings []shelf.Facing
}

// readObserved reads a look from where it is kept: a folder or file on the board, a line of detect --json, or a
// cooler in the cloud by its URL.
func readObserved(ctx context.Context, source, tokenFile string) (*observed, error) {
	if u, err := url.Parse(source); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return fromCloud(ctx, u, tokenFile)
	}
	if tokenFile != "" {
		return nil, withHint(fmt.Errorf("--token-file is given, but %s is no URL", source), "a cooler's URL is https://HOST/v1/coolers/DEVICE")
	}
	return fromFile(source)
}

// fromFile reads what `detect --json` printed, or what the agent keeps of its last look with an unknown facing.
// A folder may be the agent's data directory or the folder "unknown" in it.
func fromFile(path string) (*observed, error) {
	const hint = "give the agent's data directory, or a file with one line of `cooler-agent detect --json`"
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = seenIn(path)
	}
	data, err := readSmall(path, maxObservation)
	if errors.Is(err, os.ErrNotExist) && filepath.Base(path) == agent.UnknownFile {
		return nil, withHint(fmt.Errorf("no look with an unknown facing is kept: %w", err), "the agent keeps one when it sees one, unless somebody stands before the shelf")
	}
	if err != nil {
		return nil, withHint(fmt.Errorf("open observation: %w", err), hint)
	}
	if lines := bytes.Count(bytes.TrimSpace(data), []byte("\n")) + 1; lines > 1 && json.Valid(bytes.SplitN(data, []byte("\n"), 2)[0]) {
		return nil, withHint(fmt.Errorf("%s holds %d looks", path, lines), "keep the line of one picture in the file")
	}
	var seen agent.Seen
	if err := json.Unmarshal(data, &seen); err != nil {
		return nil, withHint(fmt.Errorf("%s is no observation: %w", path, err), hint)
	}
	if seen.Image == "" {
		return nil, withHint(fmt.Errorf("%s is no observation: it names no picture", path), hint)
	}
	image := seen.Image
	if _, err := os.Stat(image); err != nil || filepath.Base(path) == agent.UnknownFile {
		image = filepath.Join(filepath.Dir(path), seen.Image)
	}
	frame, err := picture.Read(image)
	if err != nil {
		return nil, withHint(err, pictureHint(err))
	}
	return newObserved(path, frame, seen.Width, seen.Height, seen.Facings)
}

// seenIn returns the observation's file in the agent's data directory, or in the folder "unknown" itself.
func seenIn(dir string) string {
	if file := filepath.Join(dir, agent.UnknownFile); fileThere(file) {
		return file
	}
	return filepath.Join(dir, agent.UnknownDir, agent.UnknownFile)
}

func fileThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// fromCloud fetches a cooler's last look and its picture from the cloud.
func fromCloud(ctx context.Context, cooler *url.URL, tokenFile string) (*observed, error) {
	token, err := readToken(tokenFile)
	if err != nil {
		return nil, err
	}
	c := newCloudClient(token)
	defer c.http.CloseIdleConnections()
	base := *cooler
	base.RawQuery, base.Fragment, base.Path = "", "", strings.TrimSuffix(cooler.Path, "/")
	data, err := c.get(ctx, &base, maxObservation)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Observation *struct {
			shelf.Observation
			Boot uint32 `json:"boot"`
			Seq  uint64 `json:"seq"`
		} `json:"observation"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, withHint(fmt.Errorf("%s gave no cooler: %w", &base, err), "a cooler's URL is https://HOST/v1/coolers/DEVICE")
	}
	o := answer.Observation
	if o == nil {
		return nil, withHint(fmt.Errorf("%s has told of no look", &base), "a cooler's URL is https://HOST/v1/coolers/DEVICE; wait for its first observation")
	}
	pic := base
	pic.Path += "/picture"
	pic.RawQuery = url.Values{"boot": {fmt.Sprint(o.Boot)}, "seq": {fmt.Sprint(o.Seq)}}.Encode()
	if data, err = c.get(ctx, &pic, picture.MaxBytes); err != nil {
		return nil, withHint(fmt.Errorf("the picture of the last look: %w", err), "have the board send its pictures (picture.send: always), or ask it for one from the page")
	}
	frame, err := picture.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", &pic, err)
	}
	return newObserved(base.String(), frame, o.Width, o.Height, o.Facings)
}

// readToken reads the cloud's token from a file, or else from the environment; "" if there is none.
func readToken(file string) (string, error) {
	if file == "" {
		return strings.TrimSpace(os.Getenv("COLDSHELF_TOKEN")), nil
	}
	data, err := readSmall(file, 4096)
	if err != nil {
		return "", fmt.Errorf("open token: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}

type cloudClient struct {
	token string
	http  http.Client
}

func newCloudClient(token string) *cloudClient {
	return &cloudClient{token: token, http: http.Client{
		Timeout: cloudTimeout,
		// The token must only be sent to the server that it was given for.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}},
	}}
}

// get fetches at most limit bytes.
func (c *cloudClient) get(ctx context.Context, u *url.URL, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	return c.do(req, limit)
}

// getJSON fetches a JSON value.
func (c *cloudClient) getJSON(ctx context.Context, u *url.URL, into any) error {
	data, err := c.get(ctx, u, maxObservation)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return withHint(fmt.Errorf("%s gave no answer of ours: %w", u, err), "is it the address of a cooler-cloud?")
	}
	return nil
}

// post sends a body.
func (c *cloudClient) post(ctx context.Context, u *url.URL, kind string, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", kind)
	return c.do(req, maxObservation)
}

func (c *cloudClient) do(req *http.Request, limit int64) ([]byte, error) {
	u := req.URL
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, withHint(err, "is the cloud's address right, and does it answer?")
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", u, err)
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		return nil, withHint(fmt.Errorf("%s: %s", u, resp.Status), "give a token with --token-file or $COLDSHELF_TOKEN; `cooler-cloud token create` makes one")
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated:
		return nil, refusal(u, resp.Status, data)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%s is larger than %d MB", u, limit>>20)
	}
	return data, nil
}

// refusal returns an error for a request that the cloud refused, with the cloud's own explanation if there is
// one.
func refusal(u *url.URL, status string, body []byte) error {
	var said struct{ Error, Hint string }
	if json.Unmarshal(body, &said) != nil || said.Error == "" {
		return fmt.Errorf("%s: %s", u, status)
	}
	return withHint(fmt.Errorf("%s: %s", u, said.Error), said.Hint)
}

// newObserved scales the boxes, measured in a picture of width × height, to the picture at hand.
func newObserved(source string, frame vision.Frame, width, height int, facings []shelf.Facing) (*observed, error) {
	if width <= 0 || height <= 0 {
		return nil, fmt.Errorf("%s: the observation does not say how large its picture was", source)
	}
	kx, ky := float64(frame.Width)/float64(width), float64(frame.Height)/float64(height)
	if kx/ky > 1.02 || ky/kx > 1.02 {
		return nil, fmt.Errorf("%s: the picture of %d×%d pixels is not that of the observation, %d×%d", source, frame.Width, frame.Height, width, height)
	}
	o := &observed{source: source, frame: frame}
	for i, f := range facings {
		x0, y0 := int(float64(f.Box.X)*kx+0.5), int(float64(f.Box.Y)*ky+0.5)
		x1, y1 := int(float64(f.Box.X+f.Box.W)*kx+0.5), int(float64(f.Box.Y+f.Box.H)*ky+0.5)
		f.Box = shelf.Box{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}.Intersect(frame.Bounds())
		if f.Box.Area() == 0 {
			return nil, fmt.Errorf("%s: facing %d stands outside of the picture", source, i+1)
		}
		o.facings = append(o.facings, f)
	}
	return o, nil
}

// unknown returns the numbers, from 1, of the facings without a name.
func (o *observed) unknown() []int {
	var out []int
	for i, f := range o.facings {
		if f.GTIN == "" {
			out = append(out, i+1)
		}
	}
	return out
}

// pick returns the facings with the given numbers or, without numbers, the only one that has no name.
func (o *observed) pick(numbers []int) ([]shelf.Facing, error) {
	if len(numbers) == 0 {
		switch numbers = o.unknown(); len(numbers) {
		case 1:
		case 0:
			return nil, withHint(fmt.Errorf("%s: every facing has a name", o.source), "to correct one, say which with --facing")
		default:
			return nil, withHint(fmt.Errorf("%s: %d facings have no name", o.source, len(numbers)), "say which with --facing; without --gtin they are listed")
		}
	}
	var out []shelf.Facing
	for _, n := range numbers {
		if n < 1 || n > len(o.facings) {
			return nil, withHint(fmt.Errorf("--facing %d: %s has facings 1 to %d", n, o.source, len(o.facings)), "without --gtin they are listed")
		}
		out = append(out, o.facings[n-1])
	}
	return out, nil
}

// list prints the facings with their numbers, for a person to choose from.
func (o *observed) list(out io.Writer) error {
	fmt.Fprintf(out, "%s: %s, %d without a name\n", o.source, counted(len(o.facings), "facing"), len(o.unknown()))
	t := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "  FACING\tSHELF\tPOS\tGTIN\tBOX IN THE PICTURE")
	facings := o.facings
	for _, i := range byPlace(facings) {
		f := facings[i]
		gtin, place, pos := "unknown", "–", "–"
		if f.GTIN != "" {
			gtin = string(f.GTIN)
		}
		if f.Shelf > 0 {
			place, pos = fmt.Sprint(f.Shelf), fmt.Sprint(f.Position)
		}
		fmt.Fprintf(t, "  %d\t%s\t%s\t%s\t%d,%d,%d,%d\n", i+1, place, pos, gtin, f.Box.X, f.Box.Y, f.Box.W, f.Box.H)
	}
	return t.Flush()
}
