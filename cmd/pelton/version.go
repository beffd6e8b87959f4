package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionText is the release, or what the Go command knows of this build.
func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// versionCommand is `pelton version`.
func (a *app) versionCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Long:    "Print the version of this program, the Go version that built it, and for which system.",
		Example: "  pelton version --json",
		Args:    args(0, 0, "nothing"),
		RunE: func(*cobra.Command, []string) error {
			platform := runtime.GOOS + "/" + runtime.GOARCH
			if a.json {
				return a.printJSON(map[string]string{"version": versionText(), "go": runtime.Version(), "platform": platform})
			}
			a.printf("pelton %s (%s, %s)\n", versionText(), runtime.Version(), platform)
			return nil
		},
	}
	return a.jsonFlag(c)
}

// completionCommand is `pelton completion`.
func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print the completion script of a shell",
		Long:  "Print a script that makes a shell complete pelton's commands and flags.",
		Example: `  source <(pelton completion bash)
  pelton completion zsh > "${fpath[1]}/_pelton"`,
		Args:      args(1, 1, "a shell: bash, zsh, fish or powershell"),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(c *cobra.Command, args []string) error {
			switch args[0] {
			case "bash":
				return c.Root().GenBashCompletionV2(a.out, true)
			case "zsh":
				return c.Root().GenZshCompletion(a.out)
			case "fish":
				return c.Root().GenFishCompletion(a.out, true)
			case "powershell":
				return c.Root().GenPowerShellCompletionWithDesc(a.out)
			}
			return usagef("unknown shell %q; want bash, zsh, fish or powershell", args[0])
		},
	}
}
