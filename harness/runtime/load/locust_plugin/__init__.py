"""What runs inside the Locust process: the recorder and the arrivals. Only this package imports Locust."""
