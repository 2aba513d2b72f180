module github.com/dujiang-dev/dujiang/psi/joinkey/phone

go 1.26.0

require (
	github.com/dujiang-dev/dujiang v0.0.0
	github.com/nyaruka/phonenumbers v1.8.1
	golang.org/x/text v0.43.0
)

require google.golang.org/protobuf v1.36.11 // indirect

replace github.com/dujiang-dev/dujiang => ../../..
