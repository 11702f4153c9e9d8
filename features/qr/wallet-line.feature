@host-control @clock
Feature: The line to a wallet that breaks at any step
  Between till and wallet each question and each answer can be lost or come late. What the customer has paid, and what the cashier was
  told, is the same in the end.

  Background:
    Given "T1" takes codes of WeChat
    And till "T1" of "Noodle House" has signed in

  @WAL-007
  Scenario Outline: A payment of which the line <fault>
    Given the line to the wallet <fault>
    When Alice pays 10.00 CNY at "T1" by WeChat
    And 3 minutes pass
    Then "T1" shows <screen>
    And Alice's WeChat holds <left> CNY

    Examples:
      | fault                                               | screen           | left    |
      | loses the question of the 1st pay                   | WALLET_CANCELLED | 2000.00 |
      | loses the answer of the 1st pay                     | APPROVED         | 1990.00 |
      | delays the answer of the 1st pay by 6 seconds       | APPROVED         | 1990.00 |
      | delays the answer of the 1st pay by 25 seconds      | APPROVED         | 1990.00 |
      | delays the question of the 1st pay by 12 seconds    | APPROVED         | 1990.00 |

  @WAL-004
  Scenario Outline: A payer who types the password, and a line that <fault>
    Given the line to the wallet <fault>
    And Alice types the password 12 seconds after the wallet asks
    When Alice pays 1000.01 CNY at "T1" by WeChat
    And 3 minutes pass
    Then "T1" shows APPROVED
    And Alice's WeChat holds 999.99 CNY

    Examples:
      | fault                                            |
      | loses the question of the 1st query              |
      | loses the answer of the 2nd query                |
      | delays the answer of the 2nd query by 20 seconds |

  @WAL-005
  Scenario Outline: The password comes <when> the cancel, and the line <fault>
    Given the line to the wallet <fault>
    And Alice types the password <after> seconds after the wallet asks
    When Alice pays 1000.01 CNY at "T1" by WeChat
    And 3 minutes pass
    Then "T1" shows WALLET_CANCELLED
    And "T1" prints no receipts
    And Alice's WeChat holds 2000.00 CNY
    And "Noodle House" has 0.00 CNY at WeChat

    Examples:
      | when            | after | fault                                              |
      | while it waits, | 31    | delays the question of the 1st cancel by 2 seconds |
      | just before     | 31    | loses the question of the 1st cancel               |
      | just after      | 31    | loses the answer of the 1st cancel                 |
      | long after      | 50    | delays the answer of the 1st cancel by 30 seconds  |

  @WAL-013
  Scenario Outline: A refund, and a line that <fault>
    Given Alice has paid 10.00 CNY at "T1" by WeChat
    And the line to the wallet <fault>
    When 4.00 CNY of the 1st payment by code are refunded at "T1"
    And 3 minutes pass
    Then "T1" shows APPROVED
    And Alice's WeChat holds 1994.00 CNY
    And "Noodle House" has 6.00 CNY at WeChat

    Examples:
      | fault                                               |
      | loses the question of the 1st refund                |
      | loses the answer of the 1st refund                  |
      | delays the question of the 1st refund by 30 seconds |
      | delays the answer of the 1st refund by 30 seconds   |

  @WAL-019
  Scenario Outline: A code that the till shows, and a line that <fault>
    Given the line to the wallet <fault>
    And Alice scans what the till shows with WeChat after 5 seconds
    When "T1" shows a WeChat code for 12.00 CNY
    And 3 minutes pass
    Then "T1" shows APPROVED
    And Alice's WeChat holds 1988.00 CNY

    Examples:
      | fault                               |
      | loses the question of the 1st query |
      | loses the answer of the 1st query   |

  @WAL-020
  Scenario Outline: A code that never reaches the till, since the line <fault>
    Given the line to the wallet <fault>
    When "T1" shows a WeChat code for 12.00 CNY
    And 3 minutes pass
    Then "T1" shows WALLET_CANCELLED
    And "T1" prints no receipts
    And "Noodle House" has 0.00 CNY at WeChat

    Examples:
      | fault                                |
      | loses the question of the 1st order  |
      | loses the answer of the 1st order    |
