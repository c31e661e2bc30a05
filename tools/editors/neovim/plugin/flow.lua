-- SPDX-License-Identifier: Apache-2.0
-- Starts `parlance lsp` for flows and talks; vim.g.parlance names another program.
vim.api.nvim_create_autocmd("FileType", {
  pattern = "flow",
  callback = function(args)
    vim.bo[args.buf].commentstring = "# %s"
    vim.bo[args.buf].shiftwidth = 2
    vim.bo[args.buf].expandtab = true
    local file = vim.api.nvim_buf_get_name(args.buf)
    local flows = vim.fs.find("flows", { upward = true, type = "directory", path = vim.fs.dirname(file) })[1]
    vim.lsp.start({
      name = "parlance",
      cmd = { vim.g.parlance or "parlance", "lsp" },
      root_dir = flows and vim.fs.dirname(flows) or vim.fs.dirname(file),
    })
  end,
})
