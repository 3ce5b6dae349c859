package main

import "github.com/spf13/cobra"

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "cooler-agent",
		Short: "Watch the shelves of a cooler and report what is on them",
		Long: `cooler-agent runs on the small computer beside a cooler. It finds every product facing in the camera's
picture, names it by the enrolled references, compares the shelf with its planogram, and sends what it
saw over MQTT. Without a network it keeps everything until the cloud has it.`,
		Example: `  cooler-agent detect --draw out.png shelf.jpg          # what does it see in this photo?
  cooler-agent enroll --gallery drinks.gallery --gtin 4006381333931 --name "Cola 0.5 l" cola*.jpg
  cooler-agent doctor --config agent.yml                # is this board ready?
  cooler-agent run --config agent.yml                   # watch, for years`,
		Version:           version, // for --version; `version` prints more
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.AddCommand(
		runCommand(),
		detectCommand(),
		countCommand(),
		enrollCommand(),
		galleryCommand(),
		calibrateCommand(),
		mountCommand(),
		evalCommand(),
		evalFootfallCommand(),
		lanePatchesCommand(),
		provisionCommand(),
		doctorCommand(),
		bundleCommand(),
		versionCommand(),
		captureWorkerCommand(),
		probeCommand(),
	)
	return root
}

// markBegin records when a command begins to run: an error before that is wrong usage.
func markBegin(root *cobra.Command) *bool {
	begun := false
	mark(root.Commands(), &begun)
	return &begun
}

func mark(commands []*cobra.Command, begun *bool) {
	for _, c := range commands {
		if run := c.RunE; run != nil && !c.HasSubCommands() {
			c.RunE = func(cmd *cobra.Command, args []string) error {
				*begun = true
				return run(cmd, args)
			}
		}
		mark(c.Commands(), begun)
	}
}
