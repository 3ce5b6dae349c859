package main

import (
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/weights"
	"github.com/coldshelf/coldshelf/vision/gallery"
)

func bundleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "Make and check signed bundles: networks, a gallery or the agent for boards in the field",
		Long: `A bundle is one file that any web server, or a stick, brings to a board. A board takes it if its keys stem from the
root that the board holds (updates.root), if it is not below the version in force, and if a first look under it
goes well; otherwise what was in force stays. docs/boards.md tells the whole way.`,
		Example: `  cooler-agent bundle init --keys keys                  # once; keys/root.key goes into a safe, keys/1.root.json onto every board
  cooler-agent bundle make --keys keys --kind gallery --version 2026-11-25 --out drinks.bundle drinks.gallery
  cooler-agent bundle make --keys keys --kind model --version 0.5.0 --out model.bundle weights/
  cooler-agent bundle make --keys keys --kind agent --version 1.4.0 --out agent.bundle bin/cooler-agent-arm64
  cooler-agent bundle verify --root keys/1.root.json drinks.bundle`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(bundleInit(), bundleRotate(), bundleMake(), bundleVerify())
	return cmd
}

func bundleInit() *cobra.Command {
	var keys string
	cmd := &cobra.Command{
		Use: "init --keys DIR", Short: "Make the keys and the root that boards are given", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := bundle.Init(keys, time.Now()); err != nil {
				return withHint(err, "name a folder that holds no keys yet")
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%[1]s/root.key      replaces lost keys: keep it in a safe, away from this machine\n%[1]s/release.key   signs bundles\n%[1]s/1.root.json   goes onto every board; name it in updates.root\n", keys)
			return err
		},
	}
	keysFlag(cmd, &keys)
	return cmd
}

func bundleRotate() *cobra.Command {
	var keys string
	cmd := &cobra.Command{
		Use: "rotate --keys DIR", Short: "Replace the release key; boards that see the next bundle refuse the old key from then on", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			version, err := bundle.Rotate(keys, time.Now())
			if err != nil {
				return withHint(err, "the folder must hold root.key, release.key and every N.root.json")
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "root %d names a new release key; boards learn it with the next bundle\n", version)
			return err
		},
	}
	keysFlag(cmd, &keys)
	return cmd
}

func keysFlag(cmd *cobra.Command, keys *string) {
	cmd.Flags().StringVar(keys, "keys", "", "folder of the keys")
	cobra.CheckErr(cmd.MarkFlagRequired("keys"))
}

// bundleReport is what make and verify print with --json.
type bundleReport struct {
	bundle.Release
	File   string `json:"file"`
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size"`
}

func (r bundleReport) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	what := strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Kind, r.Version, r.Arch))
	_, err := fmt.Fprintf(out, "%s: %s, %d bytes%s\n", r.File, what, r.Size, map[bool]string{true: ", SHA-256 " + r.SHA256}[r.SHA256 != ""])
	return err
}

func bundleMake() *cobra.Command {
	var keys, kind, release, out string
	var days int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "make --keys DIR --kind KIND --version V --out FILE SOURCE",
		Short: "Sign a folder of networks, a gallery's file or an agent's program",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := bundle.Order{Release: bundle.Release{Kind: kind, Version: release}, Expires: time.Duration(days) * 24 * time.Hour}
			if err := fillOrder(&o, args[0]); err != nil {
				return err
			}
			made, err := bundle.Make(out, keys, o, time.Now())
			if errors.Is(err, fs.ErrNotExist) {
				err = withHint(err, "`cooler-agent bundle init --keys "+keys+"` makes keys")
			}
			if err != nil {
				return err
			}
			return bundleReport{o.Release, out, hex.EncodeToString(made.SHA256), made.Size}.print(cmd.OutOrStdout(), asJSON)
		},
	}
	keysFlag(cmd, &keys)
	cmd.Flags().StringVar(&kind, "kind", "", "model, gallery or agent")
	cmd.Flags().StringVar(&release, "version", "", "of what is in it; a board never goes below the version that it has")
	cmd.Flags().StringVar(&out, "out", "", "file to write")
	cmd.Flags().IntVar(&days, "days", 365, "for so long boards may still take it; what they have taken stays")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	for _, name := range []string{"kind", "version", "out"} {
		cobra.CheckErr(cmd.MarkFlagRequired(name))
	}
	return cmd
}

// fillOrder lists the files of a source and checks whether a board could use them.
func fillOrder(o *bundle.Order, source string) error {
	o.Files = map[string]string{}
	switch o.Release.Kind {
	case bundle.Model:
		set, err := weights.Dir(source)
		if err != nil {
			return withHint(err, "give the folder that holds manifest.json")
		}
		o.Files["manifest.json"] = filepath.Join(source, "manifest.json")
		for _, n := range set.Manifest.Networks {
			if _, err := set.Load(n); err != nil {
				return withHint(err, "the manifest's hashes must be those of its files")
			}
			o.Files[n.File] = filepath.Join(source, filepath.FromSlash(n.File))
		}
	case bundle.Gallery:
		if _, err := gallery.Load(source); err != nil {
			return withHint(err, "give a file that `cooler-agent enroll` made")
		}
		o.Files[bundle.GalleryFile] = source
	case bundle.Agent:
		arch, err := programArch(source)
		if err != nil {
			return err
		}
		o.Release.Arch = arch
		o.Files[bundle.AgentFile] = source
	default:
		return withHint(fmt.Errorf("--kind %q is none of %s", o.Release.Kind, strings.Join(bundle.Kinds(), ", ")), "see `cooler-agent bundle make --help`")
	}
	return nil
}

func programArch(path string) (string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return "", withHint(fmt.Errorf("%s: %w", path, err), "give the built cooler-agent")
	}
	defer f.Close()
	arch, ok := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[f.Machine]
	if !ok {
		return "", fmt.Errorf("%s: is for %v, agents run on amd64 and arm64", path, f.Machine)
	}
	return arch, nil
}

func bundleVerify() *cobra.Command {
	var root string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "verify --root FILE BUNDLE", Short: "Check a bundle as a board with that root would, every file of it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := verifyBundle(root, args[0])
			if err != nil {
				return withHint(err, "boards refuse it too; make it again")
			}
			return r.print(cmd.OutOrStdout(), asJSON)
		},
	}
	cmd.Flags().StringVar(&root, "root", "", "root that the boards hold, such as keys/1.root.json")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cobra.CheckErr(cmd.MarkFlagRequired("root"))
	return cmd
}

func verifyBundle(root, path string) (r bundleReport, err error) {
	trusted, err := readSmall(root, 1<<20)
	if err != nil {
		return r, err
	}
	scratch, err := os.MkdirTemp("", "coldshelf-bundle-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(scratch)
	b, err := bundle.Open(path, bundle.Trust{Root: trusted, Dir: filepath.Join(scratch, "metadata")}, time.Now())
	if err != nil {
		return r, err
	}
	defer b.Close()
	info, err := os.Stat(path)
	if err != nil {
		return r, err
	}
	return bundleReport{Release: b.Release, File: path, Size: info.Size()}, b.Unpack(filepath.Join(scratch, "files"))
}
