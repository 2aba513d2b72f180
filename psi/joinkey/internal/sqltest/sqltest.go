// Package sqltest holds the tests of joinkey.SQL against a real database. It is
// a module of its own to keep the database out of the requirements of the
// library.
package sqltest
