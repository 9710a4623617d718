"""What a job costs on AWS."""
