@host-control
Feature: Codes that the customer scans
  The till shows a code for one order, or a code hangs on the wall. The customer's phone tells whom it pays and how much, and asks for the
  password; the shop hears of it from the wallet.

  Background:
    Given "T1" takes codes of WeChat
    And till "T1" of "Noodle House" has signed in

  @WAL-019 @clock
  Scenario: The customer scans the till
    Given Alice scans what the till shows with WeChat after 5 seconds
    When "T1" shows a WeChat code for 12.00 CNY
    Then "T1" shows SCAN_THIS
    And "T1" shows APPROVED
    And "T1" prints 2 receipts
    And Alice's phone showed
      | subject      | amount | paid    | bill              |
      | Noodle House | 1200   | SUCCESS | Noodle House 1200 |
    And the wallet was asked
      | question     | state | at  |
      | order        |       | 0s  |
      | order answer | open  | 0s  |
      | query        |       | 10s |
      | query answer | paid  | 10s |
    And Alice's WeChat holds 1988.00 CNY
    And "Noodle House" has 12.00 CNY at WeChat

  @WAL-019 @clock
  Scenario: Who scans it second is told that it is paid
    Given Alice scans what the till shows with WeChat after 5 seconds
    And Carol scans what the till shows with WeChat after 6 seconds
    When "T1" shows a WeChat code for 12.00 CNY
    Then "T1" shows APPROVED
    And Carol's phone showed
      | paid           |
      | FAIL ORDERPAID |
    And Carol's WeChat holds 60000.00 CNY

  @WAL-020 @clock
  Scenario: Nobody scans it in two minutes, and the wallet closes the order
    When "T1" shows a WeChat code for 12.00 CNY
    Then "T1" shows PAYER_REFUSED
    And "T1" prints no receipts
    And "Noodle House" has 0.00 CNY at WeChat

  @WAL-021 @clock
  Scenario: A code in which somebody has changed the amount is found out
    Given Alice scans what the till shows with WeChat after 5 seconds, but somebody has put 0.01 CNY into the code
    When "T1" shows a WeChat code for 12.00 CNY
    Then "T1" shows PAYER_REFUSED
    And Alice's phone showed
      | paid                   |
      | FAIL AUTH_CODE_INVALID |
    And Alice's WeChat holds 2000.00 CNY

  @WAL-022
  Scenario: The code on the wall pays what the customer types, and the shop is told
    When Alice scans the WeChat code on the wall of "Noodle House" and pays 8.00 CNY
    Then Alice's phone showed
      | subject      | amount | paid    | bill             |
      | Noodle House |        | SUCCESS | Noodle House 800 |
    And the shop was told
      | state | amount | signed |
      | paid  | 800    | yes    |
    And Alice's WeChat holds 1992.00 CNY
    And "Noodle House" has 8.00 CNY at WeChat

  @WAL-027
  Scenario: Codes on walls take five hundred yuan a day of one payer
    When Alice scans the WeChat code on the wall of "Noodle House" and pays 300.00 CNY
    And Alice scans the WeChat code on the wall of "Tea House" and pays 200.01 CNY
    Then Alice's phone showed
      | paid             |
      | FAIL TRADE_ERROR |
    And Alice's WeChat holds 1700.00 CNY
    And "Tea House" has 0.00 CNY at WeChat

  @WAL-027 @clock
  Scenario: Codes for one order, and the next day, are not bound by it
    Given Alice scans what the till shows with WeChat after 5 seconds
    When Alice scans the WeChat code on the wall of "Noodle House" and pays 500.00 CNY
    And "T1" shows a WeChat code for 12.00 CNY
    And 24 hours pass
    And Alice scans the WeChat code on the wall of "Noodle House" and pays 500.00 CNY
    Then Alice's phone showed
      | paid    |
      | SUCCESS |
    And Alice's WeChat holds 988.00 CNY

  @WAL-023
  Scenario: Nobody pays his own shop
    When Bob scans the WeChat code on the wall of "Tea House" and pays 8.00 CNY
    Then Bob's phone showed
      | paid                |
      | FAIL BUYER_MISMATCH |
    And Bob's WeChat holds 30.00 CNY
