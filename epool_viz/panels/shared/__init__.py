"""What several dashboards share; imports no dashboard."""
