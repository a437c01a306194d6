"""What runs inside the Locust process: the recorder. Only this package imports Locust."""
