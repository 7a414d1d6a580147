"""The report as a file for people (报表文件): HTML, Excel and Word out of one report document."""
