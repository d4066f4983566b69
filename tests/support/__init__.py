"""What several tests share: small data sets, fake models, boards and recordings, a browser."""
