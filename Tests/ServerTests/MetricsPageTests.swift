import SystemIO
import Testing

@testable import Server

@Suite struct MetricsPageTests {
    @Test func helpComesOncePerName() {
        var page = MetricsPage()
        page.gauge("role", "the role", 1, labels: "role=\"leader\"")
        page.gauge("role", "the role", 0, labels: "role=\"follower\"")
        page.counter("requests_total", "requests", 7)
        #expect(page.text == """
            # HELP role the role
            # TYPE role gauge
            role{role="leader"} 1
            role{role="follower"} 0
            # HELP requests_total requests
            # TYPE requests_total counter
            requests_total 7

            """)
    }

    @Test func bucketsAreCumulative() {
        let histogram = LogLinearHistogram()
        for value in [1, 5, 100, 1000, 1000] as [UInt64] { histogram.record(value) }
        var page = MetricsPage()
        page.histogram("h", "values", histogram.snapshot(), unit: 1)
        #expect(page.text.contains("h_bucket{le=\"7.0\"} 2\n"))
        #expect(page.text.contains("h_bucket{le=\"+Inf\"} 5\n"))
        #expect(page.text.contains("h_sum 2106.0\nh_count 5\n"))
    }
}
