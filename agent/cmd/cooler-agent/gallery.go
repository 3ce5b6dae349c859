package main

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/gallery"
)

// maxKeyFile bounds a file of keys.
const maxKeyFile = 64 << 10

func galleryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "gallery",
		Short: "Sign, check and list a file of enrolled references",
		Long: `A gallery is one file that holds what enroll taught. It can be signed, so that a board which is told the
public key (vision.gallery_key of its configuration) takes no other, and none older than it has used.

Make the key once and keep it where products are enrolled; boards get the public half alone.`,
		Example: `  cooler-agent gallery keygen --out acme.key                       # and acme.key.pub for the boards
  cooler-agent gallery sign --key acme.key drinks.gallery
  cooler-agent gallery verify --key acme.key.pub drinks.gallery
  cooler-agent gallery show drinks.gallery`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return withHint(errors.New("gallery needs to be told what to do"), "keygen, sign, verify or show")
		},
	}
	cmd.AddCommand(keygenCommand(), signCommand(), verifyCommand(), showCommand())
	return cmd
}

func keygenCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "keygen --out FILE",
		Short: "Make a key pair: FILE signs, FILE.pub checks",
		Long: `Writes an Ed25519 key pair as PEM, as OpenSSL does: FILE is secret, FILE.pub goes to the boards. Files that
are there are not written over.`,
		Example: `  cooler-agent gallery keygen --out acme.key`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, err := gallery.NewKey()
			if err != nil {
				return err
			}
			private, err := gallery.EncodePrivateKey(key)
			if err != nil {
				return err
			}
			public := key.Public().(ed25519.PublicKey)
			text, err := gallery.EncodePublicKey(public)
			if err != nil {
				return err
			}
			// Write the public half first: if that fails, no secret is left behind.
			if err := writeNew(path+".pub", text, 0o644); err != nil {
				return err
			}
			if err := writeNew(path, private, 0o600); err != nil {
				return errors.Join(err, os.Remove(path+".pub"))
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s signs (keep it secret), %s.pub checks: key %s\n", path, path, gallery.KeyID(public))
			return nil
		},
	}
	cmd.Flags().StringVar(&path, "out", "", "file of the secret key")
	cobra.CheckErr(cmd.MarkFlagRequired("out"))
	return cmd
}

// writeNew writes a file that must not exist yet.
func writeNew(path string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return withHint(err, "a key that signed galleries cannot be made again: choose another name")
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

func signCommand() *cobra.Command {
	var keyFile string
	var version uint64
	cmd := &cobra.Command{
		Use:   "sign --key FILE GALLERY",
		Short: "Sign a gallery as its next version",
		Long: `Signs the file in its place. Its version is counted up by one, or set by --version; boards refuse a version
lower than one they have used. A gallery that another key has signed is refused: what it holds
was vouched for by somebody else.`,
		Example: `  cooler-agent gallery sign --key acme.key drinks.gallery`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := readSigningKey(keyFile)
			if err != nil {
				return err
			}
			g, err := loadOwn(args[0], key)
			if err != nil {
				return err
			}
			next := g.Version + 1
			if cmd.Flags().Changed("version") {
				next = version
			}
			if next <= g.Version {
				return withHint(fmt.Errorf("--version %d: the file is version %d already", next, g.Version), "versions count up; leave --version out for the next")
			}
			g.Version = next
			if err := g.SaveSigned(args[0], key); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: version %d, signed by key %s\n", args[0], g.Version, gallery.KeyID(key.Public().(ed25519.PublicKey)))
			return nil
		},
	}
	cmd.Flags().StringVar(&keyFile, "key", "", "secret key, made by cooler-agent gallery keygen")
	cmd.Flags().Uint64Var(&version, "version", 0, "version to give (default: one higher)")
	cobra.CheckErr(cmd.MarkFlagRequired("key"))
	return cmd
}

// loadOwn reads a gallery that is to be signed by key: it must be unsigned, or signed by that key.
func loadOwn(path string, key ed25519.PrivateKey) (*gallery.Gallery, error) {
	g, err := gallery.LoadSigned(path, []ed25519.PublicKey{key.Public().(ed25519.PublicKey)})
	if errors.Is(err, gallery.ErrUnsigned) {
		return gallery.Load(path)
	}
	if errors.Is(err, gallery.ErrSignature) {
		err = withHint(err, "sign with the key that signed it, or enrol into a new file from the photos")
	}
	return g, err
}

func verifyCommand() *cobra.Command {
	var keyFile string
	cmd := &cobra.Command{
		Use:     "verify --key FILE.pub GALLERY",
		Short:   "Check a gallery's signature and every hash in it",
		Long:    `Status 0 if the file is whole and signed by one of the keys in FILE.pub, else 1 and what is wrong.`,
		Example: `  cooler-agent gallery verify --key acme.key.pub drinks.gallery`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := readTrustedKeys(keyFile)
			if err != nil {
				return err
			}
			g, err := gallery.LoadSigned(args[0], keys)
			if err != nil {
				return withHint(err, signatureHint(err))
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: version %d, signed by key %s, whole: %d products, %d references\n",
				args[0], g.Version, g.SignedBy, len(g.GTINs()), len(g.References))
			return nil
		},
	}
	cmd.Flags().StringVar(&keyFile, "key", "", "public key, or several in one file")
	cobra.CheckErr(cmd.MarkFlagRequired("key"))
	return cmd
}

// shown is what gallery show --json prints.
type shown struct {
	Gallery    string          `json:"gallery"`
	Version    uint64          `json:"version"`
	SignedBy   string          `json:"signed_by"` // key named by the signature, which show does not verify; "" for none
	Embedder   string          `json:"embedder"`
	Threshold  float64         `json:"threshold"`
	Margin     float64         `json:"margin"`
	References int             `json:"references"`
	Products   []shownProduct  `json:"products"`
	Alike      []gallery.Alike `json:"alike"`
}

type shownProduct struct {
	GTIN       shelf.GTIN `json:"gtin"`
	Name       string     `json:"name"`
	References int        `json:"references"`
}

func showCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "show GALLERY",
		Short:   "List what a gallery holds",
		Long:    `Lists the products with the number of their references, and pairs that look alike to the embedder.`,
		Example: `  cooler-agent gallery show drinks.gallery`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := gallery.Load(args[0])
			if err != nil {
				return withHint(err, "make one with `cooler-agent enroll`")
			}
			return show(args[0], g).print(cmd.OutOrStdout(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func show(path string, g *gallery.Gallery) shown {
	s := shown{
		Gallery: path, Version: g.Version, SignedBy: g.SignedBy, Embedder: g.Embedder.Name + " " + g.Embedder.Version,
		Threshold: g.Open.Threshold, Margin: g.Open.Margin, References: len(g.References),
		Products: []shownProduct{}, Alike: g.LookAlikes(),
	}
	count := map[shelf.GTIN]int{}
	for _, r := range g.References {
		count[r.GTIN]++
	}
	for _, gtin := range g.GTINs() {
		s.Products = append(s.Products, shownProduct{gtin, g.Names[gtin], count[gtin]})
	}
	if s.Alike == nil {
		s.Alike = []gallery.Alike{}
	}
	return s
}

func (s shown) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(s)
	}
	fmt.Fprintf(out, "%s: %s\nembedder %s, unknown below a similarity of %.2f or a lead of %.3f\n%s, %s\n",
		s.Gallery, signedBy(s.Version, s.SignedBy), s.Embedder, s.Threshold, s.Margin, counted(len(s.Products), "product"), counted(s.References, "reference"))
	for _, p := range s.Products {
		fmt.Fprintf(out, "  %-14s %3d  %s\n", p.GTIN, p.References, p.Name)
	}
	for _, a := range s.Alike {
		fmt.Fprintf(out, "  look alike: %s and %s (%.2f)\n", a.A, a.B, a.Similarity)
	}
	return nil
}

func signedBy(version uint64, key string) string {
	if key == "" {
		return "not signed"
	}
	return fmt.Sprintf("version %d, signed by key %s (verify checks it)", version, key)
}

func readSigningKey(path string) (ed25519.PrivateKey, error) {
	data, err := readSmall(path, maxKeyFile)
	if err != nil {
		return nil, withHint(fmt.Errorf("open signing key: %w", err), "make one with `cooler-agent gallery keygen`")
	}
	key, err := gallery.ParsePrivateKey(data)
	if err != nil {
		return nil, withHint(fmt.Errorf("signing key %s: %w", path, err), "it is the secret half that `cooler-agent gallery keygen` makes")
	}
	return key, nil
}

func readTrustedKeys(path string) ([]ed25519.PublicKey, error) {
	data, err := readSmall(path, maxKeyFile)
	if err != nil {
		return nil, fmt.Errorf("open gallery key: %w", err)
	}
	keys, err := gallery.ParsePublicKeys(data)
	if err != nil {
		return nil, withHint(fmt.Errorf("gallery key %s: %w", path, err), "it is the .pub file that `cooler-agent gallery keygen` makes")
	}
	return keys, nil
}

// signatureHint says what to do about a gallery that is not trusted.
func signatureHint(err error) string {
	switch {
	case errors.Is(err, gallery.ErrUnsigned):
		return "sign it with `cooler-agent gallery sign`, where the secret key is"
	case errors.Is(err, gallery.ErrSignature):
		return "use the file as it was signed, or the public key of whoever signed it"
	case errors.Is(err, gallery.ErrRollback):
		return "use a newer file; `cooler-agent gallery sign` counts its version up"
	case errors.Is(err, os.ErrNotExist):
		return "make a gallery with `cooler-agent enroll`"
	}
	return "get the file again from where products are enrolled"
}
