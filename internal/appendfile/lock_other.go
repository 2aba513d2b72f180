//go:build !unix || aix || solaris

package appendfile

import "os"

func lock(*os.File) error { return nil }

// syncDir does nothing: these systems have no fsync of a directory.
func syncDir(string) error { return nil }
