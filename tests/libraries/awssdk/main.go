// Clients of the AWS SDK, each with an HTTP client of its own.
package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"parked.test/libraries/lab"
)

const answer = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`

func serve() string {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		io.WriteString(w, answer)
	})).URL
}

func open(address string) lab.Client {
	transport := &http.Transport{}
	client := sts.New(sts.Options{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(address),
		Credentials:  credentials.NewStaticCredentialsProvider("a", "b", ""),
		HTTPClient:   &http.Client{Transport: transport},
	})
	use := func() {
		_, err := client.GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		lab.Check(err)
	}
	return lab.Client{Handle: client, Use: use, Close: transport.CloseIdleConnections}
}

func main() { lab.Main(lab.Library{Serve: serve, Open: open}) }
