package cluster

import (
	"slices"
	"testing"

	"github.com/spf13/pflag"
)

func TestDefaultsYieldToGivenFlags(t *testing.T) {
	defaults := []flagDefault{
		{name: "authorization-mode", value: "Node,RBAC", unless: []string{"authorization-config"}},
		{name: "allow-privileged", value: "true"},
	}
	for _, test := range []struct {
		name           string
		given          []string
		wantModes      []string
		wantPrivileged bool
	}{
		{"nothing given", nil, []string{"Node", "RBAC"}, true},
		{"a list is replaced, not added to", []string{"--authorization-mode=Webhook"}, []string{"Webhook"}, true},
		{"a false is a value", []string{"--allow-privileged=false"}, []string{"Node", "RBAC"}, false},
		{"a flag that excludes a default", []string{"--authorization-config=f"}, nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			set := pflag.NewFlagSet("test", pflag.ContinueOnError)
			modes := set.StringSlice("authorization-mode", nil, "")
			privileged := set.Bool("allow-privileged", false, "")
			set.String("authorization-config", "", "")

			if err := parseFlags(set, test.given, defaults); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(*modes, test.wantModes) {
				t.Errorf("modes are %q, want %q", *modes, test.wantModes)
			}
			if *privileged != test.wantPrivileged {
				t.Errorf("privileged is %v, want %v", *privileged, test.wantPrivileged)
			}
		})
	}
}

func TestWhatIsNoFlagIsRefused(t *testing.T) {
	for _, given := range []string{"word", "--unknown"} {
		set := pflag.NewFlagSet("test", pflag.ContinueOnError)
		if err := parseFlags(set, []string{given}, nil); err == nil {
			t.Errorf("`%s` was accepted", given)
		}
	}
}
