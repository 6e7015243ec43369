package sqlite

import "fmt"

func inUse(dir string) error {
	return fmt.Errorf("sqlite: another process has %s open: stop it first, or give this one a data folder of its own", dir)
}
