"""Azure ML: jobs, models, data assets and endpoints, through azure-ai-ml."""
