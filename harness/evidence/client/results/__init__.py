"""What other load generators than Locust write, one module per tool: lines of text -> exchanges."""
