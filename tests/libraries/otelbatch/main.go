// Tracer providers of OpenTelemetry with a batch processor.
package main

import (
	"context"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"parked.test/libraries/lab"
)

func open(string) lab.Client {
	processor := sdktrace.NewBatchSpanProcessor(tracetest.NewInMemoryExporter())
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(processor))
	use := func() {
		_, span := provider.Tracer("a").Start(context.Background(), "b")
		span.End()
	}
	return lab.Client{
		Handle: provider,
		Use:    use,
		Close:  func() { lab.Check(provider.Shutdown(context.Background())) },
	}
}

func main() { lab.Main(lab.Library{Open: open}) }
