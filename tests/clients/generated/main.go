// Posts a scan with the client that oapi-codegen made: URL, token, source and id are in the environment.
package main

import (
	"context"
	"net/http"
	"os"
	"time"

	"generated/gateway"
)

func main() {
	token := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+os.Getenv("POST_TOKEN"))
		return nil
	}
	client, err := gateway.NewClientWithResponses(os.Getenv("POST_URL"), gateway.WithRequestEditorFn(token))
	if err != nil {
		panic(err)
	}
	var event gateway.Event
	err = event.FromVisitorScan(gateway.VisitorScan{
		Specversion: "1.0", Id: os.Getenv("POST_ID"), Source: os.Getenv("POST_SOURCE"),
		Type: "fair.visitor.scanned.v1", Time: time.Now(),
		Data: gateway.VisitorScanData{ScanKind: "booth", BadgeRole: "visitor_public"},
	})
	if err != nil {
		panic(err)
	}
	answer, err := client.PostEventsWithApplicationCloudeventsBatchPlusJSONBodyWithResponse(
		context.Background(), nil, gateway.Batch{event})
	if err != nil {
		panic(err)
	}
	if answer.JSON202 == nil || answer.JSON202.Accepted != 1 {
		os.Exit(1)
	}
}
