"""Published apps as servers of the Model Context Protocol (MCP), for assistants that use tools."""
