package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/backup"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

func backupCommand(stdout io.Writer) *cobra.Command {
	var s settings
	var replace bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy everything that the service keeps into one file, while it runs",
		Long: `Copy the databases and the certificate authority of --data into one file, while the service runs.
Keep the file as you would a key: it holds that of the authority. PostgreSQL and InfluxDB are backed up
by their own tools.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.load(cmd)
			if err != nil {
				return err
			}
			for _, url := range []string{c.State, c.Series} {
				if url != "" {
					return cloud.Hint(errors.New("the service keeps its data elsewhere than in --data"), "back up PostgreSQL with pg_dump, InfluxDB with influx backup, and other files by copying them with sqlite3 .backup")
				}
			}
			if err := free(args[0], replace); err != nil {
				return err
			}
			// Written beside and renamed: a backup that is cut never has the name of a whole one.
			part := args[0] + ".part"
			f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
			if err != nil {
				return cloud.Hint(fmt.Errorf("back up: %w", err), "give a file in a folder that is there and can be written")
			}
			m, err := backup.Write(cmd.Context(), c.DataDir, f, time.Now())
			if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
				err = os.Rename(part, args[0])
			}
			if err != nil {
				return cloud.Hint(errors.Join(err, os.Remove(part)), "give the --data of the service, and a file with room for it")
			}
			_, err = fmt.Fprintf(stdout, "backed up %d files to %s\n", len(m.Files), args[0])
			return err
		},
	}
	s.register(cmd)
	cmd.Flags().BoolVar(&replace, "replace", false, "put the backup in the place of a file that is there")
	return cmd
}

// free refuses a path that is taken: what is there may be the only good backup. With replace a file may be.
func free(path string, replace bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("back up: %w", err)
	case info.IsDir():
		return cloud.Hint(fmt.Errorf("back up: %s is a folder", path), "give a file: %s", filepath.Join(path, "coldshelf-"+time.Now().Format(time.DateOnly)+".tgz"))
	case !info.Mode().IsRegular():
		return cloud.Hint(fmt.Errorf("back up: %s is no file", path), "give the path of a new file")
	case !replace:
		return cloud.Hint(fmt.Errorf("back up: %s is there, of %s", path, info.ModTime().Format(time.DateTime)), "give another name; or --replace, to put the new backup in its place once it is whole")
	}
	return nil
}

func restoreCommand(stdout io.Writer) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Bring a backup back into an empty --data",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.load(cmd)
			if err != nil {
				return err
			}
			f, err := os.Open(args[0])
			if err != nil {
				return cloud.Hint(fmt.Errorf("restore: %w", err), "give the path of a file that cooler-cloud backup made")
			}
			defer f.Close()
			m, err := backup.Restore(f, c.DataDir)
			if err != nil {
				hint := "take another backup"
				if strings.Contains(err.Error(), "is there") {
					hint = "give a folder that is empty with --data, or move away what is there"
				}
				return cloud.Hint(err, "%s", hint)
			}
			_, err = fmt.Fprintf(stdout, "restored %d files of %s into %s\n", len(m.Files), m.MadeAt.Format(time.RFC3339), c.DataDir)
			return err
		},
	}
	s.register(cmd)
	return cmd
}

func restoredCommand(stdout io.Writer) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "restored",
		Short: "Say that PostgreSQL was brought back by its own tools",
		Long: "Say, before a service runs on it again, that the state was brought back from a backup by other means than restore:\n" +
			"by pg_restore, or as a file that was copied. The alert log then goes on behind all that subscribers may have been\n" +
			"told, and they are told to begin again.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, err := openState(cmd, &s)
			if err != nil {
				return err
			}
			defer db.Close()
			ctx := cmd.Context()
			if err := state.Migrate(ctx, db, state.Tables, alert.Tables); err != nil {
				return err
			}
			if err := db.Write(ctx, func(tx *state.Tx) error { return alert.Restored(ctx, tx, time.Now()) }); err != nil {
				return err
			}
			seams, err := alert.Seams(ctx, db)
			if err != nil {
				return err
			}
			last := seams[len(seams)-1]
			_, err = fmt.Fprintf(stdout, "the alert log is known up to %d and goes on behind %d\n", last.Below, last.Above)
			return err
		},
	}
	s.register(cmd)
	return cmd
}
